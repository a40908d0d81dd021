// What was handed in, as named files: a folder, a zip of exactly the form that bundles have, or a folder within either.

const CHUNK = 4 << 20;
const REPACKED =
  "this zip is not byte for byte what Streetproof packs; if it was re-packed, unpack it and verify the folder";
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const MAX_NAME = 400;

async function bytesFrom(blob, start, end) {
  return new Uint8Array(await blob.slice(start, end).arrayBuffer());
}

async function digestsOf(blob, told) {
  const hashes = [new Sha256(), new Sm3()];
  let crc = 0;
  for (let start = 0; start < blob.size; start += CHUNK) {
    const chunk = await bytesFrom(blob, start, Math.min(start + CHUNK, blob.size));
    for (const hash of hashes) hash.update(chunk);
    crc = crc32(chunk, crc);
    told(chunk.length);
  }
  const [one, other] = hashes.map((hash) => hex(hash.digest()));
  return { sha256: one, sm3: other, crc32: crc };
}

// `blobs`: path -> Blob. Only what is read is read: nothing is unpacked.
class Container {
  constructor(name, kind, blobs, findings, told) {
    Object.assign(this, { name, kind, blobs, findings, told, prefix: null, crcs: new Map(), digests: new Map() });
  }

  get paths() {
    return [...this.blobs.keys()].sort();
  }

  has(path) {
    return this.blobs.has(path);
  }

  size(path) {
    return this.blobs.get(path).size;
  }

  async read(path) {
    try {
      return await bytesFrom(this.blobs.get(path), 0, this.size(path));
    } catch (error) {
      throw new Blame(printable(path), `it cannot be read (${printable(error.name)})`);
    }
  }

  async digest(path) {
    if (!this.digests.has(path)) {
      try {
        this.digests.set(path, await digestsOf(this.blobs.get(path), (count) => this.told(count, path)));
      } catch (error) {
        throw new Blame(printable(path), `it cannot be read (${printable(error.name)})`);
      }
    }
    return this.digests.get(path);
  }

  crc(path) {
    return this.crcs.get(path);
  }
}

// A bundle within another; hashes are made once for both.
class InnerContainer extends Container {
  constructor(outer, inside) {
    const mine = [...outer.blobs].filter(([path]) => path.startsWith(inside));
    super(outer.name, "folder", new Map(mine.map(([path, blob]) => [path.slice(inside.length), blob])), [], outer.told);
    Object.assign(this, { outer, inside });
  }

  digest(path) {
    return this.outer.digest(this.inside + path);
  }
}

// `files`: path within the folder -> File; `odd`: what a browser lists that is no file, with what is wrong about it.
function folderContainer(name, files, odd, told) {
  const findings = odd.map(([path, what]) => ({ culprit: printable(path), what }));
  const blobs = new Map();
  for (const [path, file] of files) {
    if (blobs.size === MAX_FILES) {
      findings.push({ culprit: printable(name), what: `more than ${MAX_FILES} entries; no bundle has so many` });
      break;
    }
    blobs.set(path, file);
  }
  return new Container(name, "folder", blobs, findings, told);
}

async function zipContainer(file, told) {
  const box = new Container(file.name, "zip", new Map(), [], told);
  const blamed = new Set();
  const blame = (member, what) => {
    const culprit = printable(file.name) + (member ? ` (zip entry ${printable(member)})` : "");
    const told = `${culprit}\n${what}`;
    if (!blamed.has(told)) box.findings.push({ culprit, what });
    blamed.add(told);
  };
  let entries = await fromDirectory(file);
  if (entries === null) {
    entries = await fromLocalHeaders(file);
    blame("", "the directory at the end of the zip is damaged, cut off, or followed by other data");
  }
  if (entries.length > MAX_FILES) {
    blame("", `more than ${MAX_FILES} entries; no bundle has so many`);
    entries.length = MAX_FILES;
  }
  for (const entry of entries) {
    for (const fault of entry.faults) blame(entry.name, fault);
    const slash = entry.name.indexOf("/");
    const prefix = slash < 0 ? entry.name : entry.name.slice(0, slash);
    const path = slash < 0 ? "" : entry.name.slice(slash + 1);
    if (!isPath(prefix) || prefix.includes("/") || !isPath(path)) blame(entry.name, "a path that no bundle holds");
    else if (box.prefix !== null && box.prefix !== prefix) blame(entry.name, `outside the folder ${box.prefix}/`);
    else if (box.has(path)) blame(entry.name, "stands twice in the zip");
    else {
      box.prefix = prefix;
      const start = entry.offset + LOCAL_SIZE + encoded(entry.name).length;
      box.blobs.set(path, file.slice(start, start + entry.size));
      box.crcs.set(path, entry.crc);
    }
  }
  await compareTables(file, entries, blame);
  return box;
}

// The tables are made anew from names, sizes and CRCs, and must be what stands in the file, byte for byte.
async function compareTables(file, entries, blame) {
  const names = entries.map((entry) => entry.name);
  if (names.some((name, index) => index && names[index - 1] > name)) blame("", REPACKED);
  const central = entries.map((entry) => centralHeader(entry));
  let offset = 0;
  for (const [index, entry] of entries.entries()) {
    new DataView(central[index].buffer).setUint32(42, offset, true);
    const head = localHeader(entry);
    if (!sameBytes(await bytesFrom(file, offset, offset + head.length), head)) {
      blame(entry.name, `its zip header is not what it must be; ${REPACKED}`);
    }
    offset += head.length + entry.size;
  }
  const length = central.reduce((sum, part) => sum + part.length, 0);
  if (offset + length + END_SIZE > 0xffffffff || entries.length > 0xfffe) {
    blame("", `more than a zip without zip64 can hold (4 GiB); ${REPACKED}`);
    return;
  }
  const end = new DataView(new ArrayBuffer(END_SIZE));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, length, true);
  end.setUint32(16, offset, true);
  central.push(new Uint8Array(end.buffer));
  for (const [index, part] of central.entries()) {
    if (!sameBytes(await bytesFrom(file, offset, offset + part.length), part)) {
      blame(index < entries.length ? entries[index].name : "", `its zip header is not what it must be; ${REPACKED}`);
    }
    offset += part.length;
  }
  if (offset !== file.size) blame("", `${file.size} bytes long where its files make ${offset}; ${REPACKED}`);
}

function localHeader(entry) {
  const name = encoded(entry.name);
  const view = new DataView(new ArrayBuffer(LOCAL_SIZE));
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(4, 20, true);
  view.setUint16(12, 0x21, true); // 1980-01-01
  view.setUint32(14, entry.crc, true);
  view.setUint32(18, entry.size, true);
  view.setUint32(22, entry.size, true);
  view.setUint16(26, name.length, true);
  return joined([new Uint8Array(view.buffer), name]);
}

// Without its offset, which is set later.
function centralHeader(entry) {
  const name = encoded(entry.name);
  const all = new Uint8Array(CENTRAL_SIZE + name.length);
  const view = new DataView(all.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, (3 << 8) | 20, true); // Unix, 2.0
  view.setUint16(6, 20, true);
  view.setUint16(14, 0x21, true);
  view.setUint32(16, entry.crc, true);
  view.setUint32(20, entry.size, true);
  view.setUint32(24, entry.size, true);
  view.setUint16(28, name.length, true);
  view.setUint32(38, 0o100644 * 0x10000, true);
  all.set(name, CENTRAL_SIZE);
  return all;
}

function nameIn(bytes) {
  try {
    return decoded(bytes);
  } catch {
    return null;
  }
}

// The entries that the central directory names; null where it does not add up with the file around it.
async function fromDirectory(file) {
  if (file.size < END_SIZE) return null;
  const end = new DataView((await bytesFrom(file, file.size - END_SIZE, file.size)).buffer);
  const [disk, start, here, count] = [4, 6, 8, 10].map((place) => end.getUint16(place, true));
  const length = end.getUint32(12, true);
  const offset = end.getUint32(16, true);
  const whole = end.getUint32(0, true) === 0x06054b50 && !disk && !start && !end.getUint16(20, true) && here === count;
  if (!whole || offset + length + END_SIZE !== file.size || length > MAX_FILES * (CENTRAL_SIZE + MAX_NAME)) return null;
  const directory = await bytesFrom(file, offset, offset + length);
  const view = new DataView(directory.buffer);
  const entries = [];
  let expected = 0;
  for (let place = 0; place < length; ) {
    if (place + CENTRAL_SIZE > length || view.getUint32(place, true) !== 0x02014b50) return null;
    const two = (by) => view.getUint16(place + by, true);
    const four = (by) => view.getUint32(place + by, true);
    const after = place + CENTRAL_SIZE + two(28);
    if (two(30) || two(32) || two(28) > MAX_NAME || after > length) return null;
    const name = nameIn(directory.subarray(place + CENTRAL_SIZE, after));
    if (name === null || four(42) !== expected) return null;
    const faults = [];
    if (two(8) & 1) faults.push("encrypted; a bundle holds plain files only");
    if (two(10) || four(20) !== four(24)) faults.push("compressed; a bundle stores its files as they are");
    if (four(38) >>> 28 === 0o12) faults.push("a symbolic link; a bundle holds plain files only");
    entries.push({ name, size: four(20), crc: four(16), offset: four(42), faults });
    expected += LOCAL_SIZE + two(28) + four(20);
    place = after;
  }
  return entries.length === count && count && expected === offset ? entries : null;
}

// The entries met by walking from header to header as far as they make sense.
async function fromLocalHeaders(file) {
  const entries = [];
  for (let place = 0; place + LOCAL_SIZE <= file.size && entries.length < MAX_FILES; ) {
    const head = await bytesFrom(file, place, place + LOCAL_SIZE + MAX_NAME);
    const view = new DataView(head.buffer);
    const length = view.getUint16(26, true);
    if (view.getUint32(0, true) !== 0x04034b50 || length > MAX_NAME || view.getUint16(28, true)) break;
    const size = view.getUint32(18, true);
    const after = place + LOCAL_SIZE + length + size;
    const name = nameIn(head.subarray(LOCAL_SIZE, LOCAL_SIZE + length));
    if (after > file.size || name === null) break;
    entries.push({ name, size, crc: view.getUint32(14, true), offset: place, faults: [] });
    place = after;
  }
  return entries;
}
