// The anti-forgery code (防伪码) of a printed sheet, against the bundle: see evidence_export/bag/code.py.

const CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 16;
const CODE_DASHES = "-_.:·・ー−";

// The product in GF(32) with x^5 + x^2 + 1.
function times32(one, other) {
  let product = 0;
  for (; other; other >>= 1) {
    if (other & 1) product ^= one;
    one = one & 16 ? (one << 1) ^ 0b100101 : one << 1;
  }
  return product;
}

const POWERS32 = Array.from({ length: 31 }).reduce((found) => [...found, times32(found.at(-1) || 1, found.length ? 2 : 1)], []);

function sums32(values) {
  return values.reduce(([sum, spread], value, place) => [sum ^ value, spread ^ times32(value, POWERS32[place])], [0, 0]);
}

function codeOf(manifestSha256) {
  const digest = sha256(encoded("streetproof anti-forgery code 1\0"), fromHex(manifestSha256));
  const bits = bigOf(digest);
  const values = Array.from({ length: 14 }, (_, place) => Number((bits >> BigInt(256 - 5 * (place + 1))) & 31n));
  for (let one = 0; one < 32; one++) {
    const other = one ^ sums32(values)[0];
    if (sums32([...values, one, other])[1] === 0) {
      return [...values, one, other].map((value) => CODE_ALPHABET[value]).join("");
    }
  }
  throw new Error("every code has check characters");
}

// The characters of a code that were typed, and the first that can be in none.
function plainCode(typed) {
  const text = [...typed].slice(0, 200).join("").normalize("NFKC").toUpperCase();
  const kept = [...text.replaceAll("O", "0").replace(/[IL]/g, "1")].filter(
    (one) => !CODE_DASHES.includes(one) && !/[\p{Zs}\p{Pd}\p{Cc}\p{Cf}]/u.test(one),
  );
  const strange = kept.find((one) => !CODE_ALPHABET.includes(one)) || "";
  return [kept.join(""), /[\p{C}\p{Z}]/u.test(strange) ? "?" : strange];
}

// {outcome, why, whyZh}; `stills`: [path, SHA-256] of the original stills.
function readCode(typed, manifestSha256, stills) {
  const [found, strange] = plainCode(typed);
  const own = codeOf(manifestSha256);
  const codes = new Map(stills.map(([path, value]) => [value.slice(0, CODE_LENGTH).toUpperCase(), path]));
  const slip = (why, whyZh) => ({
    outcome: "slip",
    why: `a slip of typing: ${why}; read it again from the sheet`,
    whyZh: `输入有误：${whyZh}，请对照纸件重新输入`,
  });
  const differences = (code) => [...code].filter((one, place) => one !== found[place]).length;
  if (found === own) return { outcome: "matches", why: "it is the code of this case", whyZh: "防伪码与本案一致" };
  if (codes.has(found)) {
    const path = codes.get(found);
    return { outcome: "matches", why: `it is the code of ${path}`, whyZh: `防伪码与本案图片 ${path} 一致` };
  }
  if (strange) return slip(`${strange} is in no such code`, `防伪码中不会出现 ${strange}`);
  if (found.length !== CODE_LENGTH) {
    const count = found.length;
    return slip(`it has ${count} characters, and a code has 16`, `共 ${count} 个字符，应为 16 个`);
  }
  if ([own, ...codes.keys()].some((code) => differences(code) <= 2)) {
    return slip("it is almost the code of this case", "与本案的防伪码仅差一两个字符");
  }
  if (/^[0-9A-F]+$/.test(found)) {
    return {
      outcome: "another",
      why: "it is the code of a picture of another case: no picture of this bundle has it",
      whyZh: "此防伪码属于另一案件的图片：本证据包中没有对应的图片",
    };
  }
  const [sum, spread] = sums32([...found].map((one) => CODE_ALPHABET.indexOf(one)));
  if (sum || spread) return slip("its check characters do not fit the others", "校验字符不符");
  return {
    outcome: "another",
    why: "it is well formed and belongs to another case: this sheet was not printed from this bundle",
    whyZh: "此防伪码书写无误，但属于另一案件：该纸件并非由本证据包制作",
  };
}

function codeStep(number, sealed, manifestSha256, typed) {
  const step = { number, title: "Anti-forgery code", titleZh: "防伪码", outcome: "passed", detail: "", findings: [] };
  if (sealed === null || manifestSha256 === null) {
    return { ...step, outcome: "skipped", detail: "there is no case manifest to trust" };
  }
  const stills = [...sealed.files].filter(([path]) => path.startsWith(STILLS)).map(([path, one]) => [path, one.sha256]);
  const { outcome, why, whyZh } = readCode(typed, manifestSha256, stills);
  if (outcome === "matches") return { ...step, detail: why, detailZh: whyZh };
  const finding = { culprit: "--code", what: why, whatZh: whyZh };
  return { ...step, outcome: "failed", detail: "it is not the code of this bundle", findings: [finding] };
}
