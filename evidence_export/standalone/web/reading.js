// Canonical JSON (RFC 8785, without fractions) and taking values out of it. Whatever is wrong is an Error that says so.

const MAX_DEPTH = 32;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$/;
const HEX = /^[0-9a-f]{64}$/;

// With everything that could fool a reader written as escapes, cut to a bearable length.
function printable(text) {
  let safe = "";
  for (const one of String(text)) {
    const code = one.codePointAt(0);
    const named = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" }[code];
    if (named) safe += named;
    else if (code >= 0x20 && code < 0x7f) safe += one;
    else if (code < 0x100) safe += "\\x" + code.toString(16).padStart(2, "0");
    else if (code < 0x10000) safe += "\\u" + code.toString(16).padStart(4, "0");
    else safe += "\\U" + code.toString(16).padStart(8, "0");
  }
  return safe.length <= 200 ? safe : `${safe.slice(0, 200)}...`;
}

// As Python writes a text in a message.
function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + text.replaceAll("\\", "\\\\").replaceAll(mark, "\\" + mark).replaceAll("\n", "\\n") + mark;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decoded(data) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
}

function encoded(text) {
  return new TextEncoder().encode(text);
}

function checkCanonical(value, where, depth) {
  if (depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === "number") {
    if (!Number.isInteger(value)) throw new Error(`the number ${value} is not an integer`);
    if (!Number.isSafeInteger(value)) throw new Error(`${where}: the integer ${value} is outside +/- 2^53`);
  } else if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw new Error("not in canonical form (RFC 8785)");
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => checkCanonical(item, `${where}[${index}]`, depth + 1));
  } else if (value !== null && typeof value === "object") {
    for (const key of Object.keys(value)) {
      if (!/^[\x21-\x7e]{1,64}$/.test(key)) {
        throw new Error(`${where}: the key ${quoted(key)} is not 1 to 64 printable ASCII characters`);
      }
      checkCanonical(value[key], `${where}.${key}`, depth + 1);
    }
  }
}

function canonicalText(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const parts = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${parts.join(",")}}`;
}

function canonicalBytes(value) {
  checkCanonical(value, "$", 0);
  return encoded(canonicalText(value));
}

// Anything that is not byte for byte what canonicalBytes writes is refused: doubled keys, spaces, another order, 1.0.
function readCanonical(data) {
  let value;
  try {
    value = JSON.parse(decoded(data));
  } catch {
    throw new Error("not in canonical form (RFC 8785)");
  }
  if (!sameBytes(canonicalBytes(value), data)) throw new Error("not in canonical form (RFC 8785)");
  return value;
}

function at(value, ...keys) {
  for (const key of keys) {
    if (!isObject(value) || !Object.hasOwn(value, key)) throw new Error(`${keys.join(".")} is missing`);
    value = value[key];
  }
  return value;
}

// null where the last key is absent, null, or said to be unknown.
function optional(value, ...keys) {
  const holder = at(value, ...keys.slice(0, -1));
  const last = keys.at(-1);
  const found = isObject(holder) && Object.hasOwn(holder, last) ? holder[last] : null;
  return isObject(found) && found.known === false ? null : found;
}

function textAt(value, ...keys) {
  const found = at(value, ...keys);
  if (typeof found !== "string") throw new Error(`${keys.join(".")} is no text`);
  return found;
}

function flagAt(value, ...keys) {
  const found = at(value, ...keys);
  if (typeof found !== "boolean") throw new Error(`${keys.join(".")} is neither true nor false`);
  return found;
}

function integerAt(value, ...keys) {
  const found = at(value, ...keys);
  if (typeof found !== "number") throw new Error(`${keys.join(".")} is no integer`);
  return found;
}

function hexAt(value, ...keys) {
  const found = textAt(value, ...keys);
  if (!HEX.test(found)) throw new Error(`${keys.join(".")} is not 64 lower-case hex characters`);
  return found;
}

function listAt(value, ...keys) {
  const found = at(value, ...keys);
  if (!Array.isArray(found)) throw new Error(`${keys.join(".")} is no list`);
  return found;
}

function checkMoment(written) {
  const wrong = new Error(`${quoted(written)} is no UTC time with nine decimals`);
  if (!TIME.test(written) || written.startsWith("0000")) throw wrong;
  const whole = new Date(`${written.slice(0, 19)}Z`);
  if (Number.isNaN(whole.getTime()) || whole.toISOString().slice(0, 19) !== written.slice(0, 19)) throw wrong;
}

function base32(bytes, length) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = bigOf(bytes);
  const size = BigInt(bytes.length * 8);
  let text = "";
  for (let place = 1n; text.length < length; place += 1n) text += alphabet[Number((bits >> (size - 5n * place)) & 31n)];
  return text;
}
