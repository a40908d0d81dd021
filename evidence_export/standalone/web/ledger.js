// The ledger's part of a release: entries in canonical JSON, proven (RFC 9162, 2.1.3.2) under a signed checkpoint.

const NOTE_ORIGIN = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;
const NOTE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const NOTE_SIZE = /^(0|[1-9]\d{0,17})$/;
const MAX_NOTE_BYTES = 8 << 10;
const MAX_ENTRY_BYTES = 64 << 10;
const MAX_ENTRIES_BYTES = 16 << 20;
const MAX_PROOF = 64;
const ENTRY_FIELDS = ["about", "at", "by", "data", "kind", "seq", "v"];

// The bytes of base64 in its one form; null for anything else.
function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return null;
  const binary = atob(text);
  return btoa(binary) === text ? Uint8Array.from(binary, (one) => one.charCodeAt(0)) : null;
}

function readNote(data) {
  if (data.length > MAX_NOTE_BYTES) throw new Error(`a checkpoint has no more than ${MAX_NOTE_BYTES} bytes`);
  const text = decoded(data);
  const cut = text.indexOf("\n\n");
  const lines = cut < 0 ? [] : text.slice(0, cut).split("\n");
  if (lines.length !== 4 || !lines[3].startsWith("time ") || !text.endsWith("\n")) {
    throw new Error("a checkpoint has four lines, an empty one, and a line for each signature");
  }
  const [origin, size, written] = lines;
  const root = fromBase64(written);
  if (root === null || root.length !== 32 || !NOTE_TIME.test(lines[3].slice(5)) || !NOTE_ORIGIN.test(origin)) {
    throw new Error("a checkpoint is not in the one form that it has");
  }
  if (!NOTE_SIZE.test(size)) throw new Error("the second line of a checkpoint is a number of entries");
  const signatures = text.slice(cut + 2).split("\n").slice(0, -1).map((line) => {
    const [mark, name, value, ...more] = line.split(" ");
    const signature = value === undefined ? null : fromBase64(value);
    if (mark !== "—" || more.length || !NOTE_ORIGIN.test(name) || signature === null || signature.length <= 4) {
      throw new Error("a line of a checkpoint that is no signature");
    }
    return [name, signature];
  });
  const signed = encoded(`${lines.join("\n")}\n`);
  return { origin, size: Number(size), root, at: lines[3].slice(5), signed, signatures };
}

async function isNoteSignedBy(note, key) {
  const ed25519 = key.algorithm === "Ed25519";
  const what = ed25519
    ? joined([Uint8Array.of(1), key.der.subarray(-32)])
    : joined([Uint8Array.of(255), encoded(key.algorithm), key.der]);
  const mark = sha256(encoded(`${note.origin}\n`), what).subarray(0, 4);
  for (const [name, value] of note.signatures) {
    if (name !== note.origin || !sameBytes(value.subarray(0, 4), mark)) continue;
    if (await key.verify(value.slice(4), note.signed)) return true;
  }
  return false;
}

function isIncluded(leaf, index, size, proof, claimed) {
  if (!(index >= 0 && index < size) || proof.length > MAX_PROOF || proof.some((one) => one.length !== 32)) return false;
  const node = (left, right) => sha256(Uint8Array.of(1), left, right);
  const half = (value) => Math.floor(value / 2);
  let [here, last, found] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (here % 2 || here === last) {
      found = node(sibling, found);
      while (here % 2 === 0 && here) [here, last] = [half(here), half(last)];
    } else {
      found = node(found, sibling);
    }
    [here, last] = [half(here), half(last)];
  }
  return last === 0 && sameBytes(found, claimed);
}

function readEntry(data) {
  if (data.length > MAX_ENTRY_BYTES) throw new Error(`an entry has no more than ${MAX_ENTRY_BYTES} bytes`);
  const value = readCanonical(data);
  if (!isObject(value) || Object.keys(value).sort().join() !== ENTRY_FIELDS.join() || value.v !== 1) {
    throw new Error(`an entry of version 1 has ${ENTRY_FIELDS.join(", ")}, and nothing else`);
  }
  if (typeof value.seq !== "number" || value.seq < 0 || !isObject(value.data)) {
    throw new Error("`seq` of an entry is its number, `data` an object");
  }
  if (["kind", "at", "by", "about"].some((name) => typeof value[name] !== "string")) {
    throw new Error("`kind`, `at`, `by` and `about` of an entry are text");
  }
  // Kinds are only ever added: what this page does not know is an entry all the same.
  if (!/^[a-z]{1,24}(\.[a-z]{1,24})?$/.test(value.kind)) {
    throw new Error("`kind` of an entry is one or two words of small letters");
  }
  for (const name of ["by", "about"]) {
    if (!/^[^\x00-\x1f\x7f]{1,500}$/u.test(value[name])) {
      throw new Error(`\`${name}\` of an entry is 1 to 500 characters on one line`);
    }
  }
  if (!NOTE_TIME.test(value.at)) throw new Error("`at` of an entry is a time in UTC, as 2026-11-29T08:00:00Z");
  return value;
}

function provenEntry(value, under) {
  const data = encoded(textAt(value, "entry"));
  const seq = integerAt(value, "seq");
  const entry = readEntry(data);
  if (entry.seq !== seq) throw new Error(`the entry that stands as number ${seq} says that it is ${entry.seq}`);
  const proof = listAt(value, "proof").map((one) => {
    if (typeof one !== "string") throw new Error("proof holds something that is no text");
    if (!HEX.test(one)) throw new Error(`the hashes of entry ${seq} do not lead to the root that was signed`);
    return fromHex(one);
  });
  if (!isIncluded(sha256(Uint8Array.of(0), data), seq, under.size, proof, under.root)) {
    throw new Error(`the hashes of entry ${seq} do not lead to the root that was signed`);
  }
  return entry;
}

function readEntries(data, checkpoint) {
  const root = readCanonical(data);
  const wanted = "streetproof-ledger-entries";
  if (textAt(root, "format") !== wanted || integerAt(root, "version") !== 1) {
    throw new Error(`its format is not '${wanted}', version 1`);
  }
  const entries = listAt(root, "entries").map((one) => provenEntry(one, checkpoint));
  entries.forEach((one, index) => {
    const before = index ? entries[index - 1].seq : -1;
    if (before >= one.seq) throw new Error(`entry ${one.seq} stands behind entry ${before}`);
  });
  return entries;
}

function entryFaults(entries, release) {
  const faults = [];
  const of = (...kinds) => entries.filter((one) => kinds.includes(one.kind));
  for (const one of entries) {
    if (one.about !== release.caseId) {
      faults.push(`entry ${one.seq} is about ${quoted(one.about)}, not about this case`);
    }
  }
  const sealed = of("case.sealed", "case.imported");
  if (!sealed.length) faults.push("the seal of this case is not among them");
  for (const one of sealed) {
    if (one.data.manifest_sha256 !== release.caseSha256) {
      faults.push(`entry ${one.seq} is of another case.json under this case's id`);
    }
  }
  const mine = of("case.exported").filter((one) => one.data.release === release.id);
  if (!mine.length) faults.push("this release is not among them");
  for (const one of mine) {
    for (const name of ["recipient", "purpose", "profile"]) {
      if (one.data[name] !== textAt(release.root, "release", name)) {
        faults.push(`entry ${one.seq} tells another ${name} of this release`);
      }
    }
  }
  return faults;
}
