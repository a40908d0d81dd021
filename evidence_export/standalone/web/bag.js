// The steps that every bundle has: container, keys, signatures, manifest, files, BagIt. Each has its number, title and
// sentences from the verifier for Python, so that both say the same.

class Skip extends Error {}

// The step cannot go on because of one file.
class Blame extends Error {
  constructor(culprit, what, detail = "a file cannot be read") {
    super(what);
    Object.assign(this, { finding: { culprit, what }, detail });
  }
}

const ABSENT = "it is missing";
const absent = (name) => ({ culprit: printable(name), what: ABSENT });

async function blaming(name, detail, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Blame || error instanceof Skip) throw error;
    throw new Blame(name, printable(error.message), detail);
  }
}

const READERS = new Map([
  [CASE, readCase],
  [RELEASE, readRelease],
  [RECHECK, readRecheck],
]);

class BagVerification {
  constructor(box, form, trusted, withheld = new Map()) {
    Object.assign(this, { box, form, trusted, withheld, read: READERS.get(form) });
    Object.assign(this, { key: null, second: null, holds: false, byAuthority: false, sealed: null });
    this.limits = new Map([...form.tags, form.second, TAG_MANIFEST, ...KEY_FILES].map((name) => [name, MAX_TAG_BYTES]));
    this.limits.set(form.manifest, MAX_CASE_BYTES);
    this.manifestSha256 = null;
  }

  // The whole of a small file; null where it is absent.
  async small(name, limit = MAX_TAG_BYTES) {
    if (!this.box.has(name)) return null;
    if (!this.limits.has(name)) this.limits.set(name, limit);
    this.checkSize(name);
    const data = await this.box.read(name);
    if (name === this.form.manifest) this.manifestSha256 = hex(sha256(data));
    return data;
  }

  async digest(name) {
    this.checkSize(name);
    return this.box.digest(name);
  }

  // A tag file of many gigabytes must not keep the page busy, let alone fill its memory.
  checkSize(name) {
    const limit = this.limits.get(name);
    if (limit !== undefined && this.box.size(name) > limit) {
      throw new Blame(name, `it is larger than ${limit} bytes; no bundle has such a file`);
    }
  }

  async step(number, title, titleZh, check) {
    const step = { number, title, titleZh, outcome: "passed", detail: "", findings: [] };
    try {
      const [detail, findings] = await check.call(this);
      Object.assign(step, { detail, findings });
    } catch (error) {
      if (error instanceof Skip) return { ...step, outcome: "skipped", detail: error.message };
      if (!(error instanceof Blame)) throw error;
      Object.assign(step, { detail: error.detail, findings: [error.finding] });
    }
    if (step.findings.length) step.outcome = "failed";
    return step;
  }

  async bagSteps(title, titleZh) {
    return [
      await this.step(1, "Container", "读取证据包", this.container),
      await this.step(2, "Site key", "签名公钥", this.siteKey),
      await this.step(3, "Signature", "数字签名", this.signature),
      await this.step(4, title, titleZh, this.manifest),
      await this.step(5, "Completeness", "文件齐全", this.complete),
      await this.step(6, "File hashes", "文件摘要", this.hashes),
      await this.step(7, "BagIt files", "BagIt 清单", this.bagit),
    ];
  }

  needed() {
    if (this.sealed === null) throw new Skip("there is no manifest to trust");
    return this.sealed;
  }

  // 1

  async container() {
    const total = this.box.paths.reduce((sum, path) => sum + this.box.size(path), 0);
    return [`${this.box.kind} of ${this.box.paths.length} files, ${total} bytes`, this.box.findings];
  }

  // 2

  async siteKey() {
    const none = "no key to check the signature with";
    const data = await this.small(SITE_KEY);
    if (data === null) return [none, [absent(SITE_KEY)]];
    try {
      this.key = keyFromPem(data);
    } catch (error) {
      return [none, [{ culprit: SITE_KEY, what: error.message }]];
    }
    const found = this.key.fingerprint;
    const findings = [];
    if (latin(data) !== this.key.pem) {
      findings.push({ culprit: SITE_KEY, what: "the key is not written in its one exact form" });
    }
    let known = "fingerprint not compared: no trusted key was given";
    if (this.trusted === found) known = "the trusted key";
    else if (this.trusted !== null && (await this.authority()) === this.trusted) {
      this.byAuthority = true;
      known = "its certificate is to be of the trusted authority, see below";
    } else if (this.trusted !== null) {
      known = "not the trusted key";
      const what = `its fingerprint ${found} is not the trusted one, ${this.trusted}`;
      findings.push({ culprit: SITE_KEY, what });
    }
    return [`${this.key.algorithm}, fingerprint ${found} (${known})`, findings];
  }

  async authority() {
    const data = await this.small(CA_CERTIFICATE);
    const der = data === null ? null : derIn(data, "CERTIFICATE");
    return der === null ? null : hex(sha256(der));
  }

  // 3

  async signature() {
    const failed = "the signature does not hold";
    const { manifest: name, signature: place } = this.form;
    const manifest = await this.small(name);
    const signature = await this.small(place);
    if (manifest === null || signature === null) {
      return [failed, [name, place].filter((one) => !this.box.has(one)).map(absent)];
    }
    if (this.key === null) throw new Skip("no readable site key");
    const ed25519 = this.key.algorithm === "Ed25519";
    if (ed25519 ? signature.length !== 64 : signature.length < 8 || signature.length > 80) {
      const wanted = ed25519 ? "64" : "8 to 80";
      return [failed, [{ culprit: place, what: `${signature.length} bytes long, where a signature has ${wanted}` }]];
    }
    if (!(await this.holdsFor(this.key, signature, manifest))) return [failed, await this.culprits(manifest)];
    const fault = await this.secondSignature(manifest);
    if (fault !== null) return ["the second signature does not hold", [fault]];
    this.holds = true;
    if (this.second === null) return [`${name} carries a valid signature of the site key`, []];
    const both = "carries valid signatures of the site key and of a second key";
    return [`${name} ${both}, ${this.second.algorithm}`, []];
  }

  // By the arithmetic of this page, and where the browser knows the algorithm, by its own as well: both must agree.
  async holdsFor(key, signature, data) {
    if (!(await key.verify(signature, data))) return false;
    return (await key.secondOpinion(signature, data)) !== false;
  }

  // What is wrong with it; null also where there is none. Both its files are there, or neither.
  async secondSignature(manifest) {
    const place = this.form.second;
    const signature = await this.small(place);
    const pem = await this.small(SECOND_KEY);
    if (signature === null && pem === null) return null;
    if (signature === null || pem === null) return absent(signature === null ? place : SECOND_KEY);
    let key;
    try {
      key = keyFromPem(pem);
    } catch (error) {
      return { culprit: SECOND_KEY, what: error.message };
    }
    if (latin(pem) !== key.pem) return { culprit: SECOND_KEY, what: "the key is not written in its one exact form" };
    if (key.fingerprint === this.key.fingerprint) {
      return { culprit: SECOND_KEY, what: "it is the site key again, and no second one" };
    }
    if (!(await this.holdsFor(key, signature, manifest))) {
      // The first signature holds, so the manifest says which of the two files is another than it was.
      if (this.listed(manifest, SECOND_KEY) === hex(sha256(pem))) {
        return { culprit: place, what: `it is not the signature that was made over ${this.form.manifest}` };
      }
      return { culprit: SECOND_KEY, what: `it is not the key that signed ${this.form.manifest}` };
    }
    this.second = key;
    return null;
  }

  // Which of the three files changed, by the hashes that the others still hold.
  async culprits(manifest) {
    const { manifest: name, signature: place } = this.form;
    const tags = manifestLines((await this.small(TAG_MANIFEST)) || new Uint8Array());
    let changed = [];
    for (const one of [name, place, SITE_KEY]) {
      if (tags.has(one) && tags.get(one) !== (await this.digest(one)).sha256) changed.push(one);
    }
    if (!changed.length) {
      const listed = this.listed(manifest, SITE_KEY);
      const replaced = listed !== null && listed !== (await this.digest(SITE_KEY)).sha256;
      changed = [replaced ? SITE_KEY : name];
    }
    const what = {
      [name]: "it is not what was signed: the signature does not belong to these bytes",
      [place]: `it is not the signature that was made over ${name}`,
      [SITE_KEY]: `it is not the key that signed ${name}`,
    };
    return changed.map((one) => ({ culprit: one, what: what[one] }));
  }

  listed(manifest, name) {
    try {
      return this.read(manifest).files.get(name).sha256;
    } catch {
      return null;
    }
  }

  // 4

  async manifest() {
    const name = this.form.manifest;
    if (!this.holds) throw new Skip(`${name} is not trusted without a valid signature`);
    const data = await this.small(name);
    let sealed;
    try {
      sealed = this.read(data);
    } catch (error) {
      return ["not a manifest of this format", [{ culprit: name, what: printable(error.message) }]];
    }
    this.sealed = sealed;
    const fault = this.faultInNaming(sealed);
    const what = { [CASE.manifest]: "case", [RELEASE.manifest]: "release", [RECHECK.manifest]: "re-check of" }[name];
    const listed = `${sealed.files.size} files listed`;
    return [`${what} ${printable(sealed.id)}, sealed at ${sealed.sealedAt}, ${listed}`, fault ? [fault] : []];
  }

  faultInNaming(sealed) {
    const name = this.form.manifest;
    if (sealed.algorithm !== this.key.algorithm || sealed.fingerprint !== this.key.fingerprint) {
      return { culprit: name, what: "it names another key than the one that signed it" };
    }
    if (sealed.second !== null && this.second === null) {
      return { culprit: this.form.second, what: `it is missing: ${name} says that there is a second signature` };
    }
    const named = sealed.second === null ? "" : sealed.second.join(" ");
    if (this.second !== null && named !== `${this.second.algorithm} ${this.second.fingerprint}`) {
      return { culprit: name, what: "it names another second key than the one that signed it" };
    }
    return null;
  }

  // 5

  async complete() {
    const sealed = this.needed();
    const expected = new Set([...sealed.files.keys(), ...this.form.unlisted, ...sealed.signatures]);
    const findings = [];
    for (const [name, value] of this.withheld) {
      if (!sealed.files.has(name) || sealed.files.get(name).sha256 !== value) {
        const what = "it is called withheld, and is none of the files of the case";
        findings.push({ culprit: printable(name), what });
      }
      expected.delete(name);
    }
    findings.push(...[...expected].sort().filter((name) => !this.box.has(name)).map(absent));
    for (const name of this.box.paths.filter((one) => !expected.has(one))) {
      const what = `it does not belong to the bundle: ${this.form.manifest} does not list it`;
      findings.push({ culprit: printable(name), what });
    }
    const held = this.withheld.size ? `; ${this.withheld.size} were withheld, as the release says` : "";
    return [`every listed file is there, and no other${held}`, findings];
  }

  // 6

  async hashes() {
    const sealed = this.needed();
    const findings = [];
    let total = 0;
    let checked = 0;
    for (const [name, listed] of sealed.files) {
      if (!this.box.has(name)) continue; // step 5 named it
      const size = this.box.size(name);
      total += size;
      checked += 1;
      if (size !== listed.size) {
        findings.push({ culprit: name, what: `${size} bytes long, where ${listed.size} were sealed` });
        continue;
      }
      const found = await this.digest(name);
      if (found.sha256 !== listed.sha256) {
        const what = `its SHA-256 is ${found.sha256}, where ${listed.sha256} was sealed`;
        findings.push({ culprit: name, what });
      } else if (found.sm3 !== listed.sm3) {
        findings.push({ culprit: name, what: `its SM3 is ${found.sm3}, where ${listed.sm3} was sealed` });
      }
    }
    const blamed = new Set(findings.map((one) => one.culprit));
    for (const name of this.box.paths) {
      const recorded = this.box.crc(name);
      if (recorded !== undefined && !blamed.has(name) && recorded !== (await this.digest(name)).crc32) {
        findings.push({ culprit: `${printable(this.box.name)} (zip entry ${name})`, what: "its CRC-32 is wrong" });
      }
    }
    return [`size, SHA-256 and SM3 of ${checked} files, ${total} bytes`, findings];
  }

  // 7

  async bagit() {
    if (this.sealed === null) {
      const detail = `compared with each other only, because ${this.form.manifest} cannot be trusted`;
      return [detail, await this.bagitByItself()];
    }
    const { files, signatures } = this.sealed;
    const hashesOf = (keep) => new Map([...files].filter(([name]) => keep(name)).map(([name, one]) => [name, one.sha256]));
    const tags = hashesOf((name) => this.form.tags.includes(name));
    const outside = [this.form.manifest, ...signatures];
    for (const name of outside) if (this.box.has(name)) tags.set(name, (await this.digest(name)).sha256);
    const findings = [];
    for (const [name, expected] of [
      [BAGIT, BAGIT_TEXT],
      [MANIFEST, manifestText(hashesOf((one) => one.startsWith(PAYLOAD)))],
      [TAG_MANIFEST, manifestText(tags)],
    ]) {
      const data = await this.small(name);
      // Step 5 named a signature that is missing; what the tag manifest said of it cannot be told any more.
      const lacking = name === TAG_MANIFEST && outside.some((one) => !this.box.has(one));
      if (data !== null && latin(data) !== expected && !lacking) {
        findings.push({ culprit: name, what: "it is not byte for byte what the manifest makes of it" });
      }
    }
    findings.push(...(await this.oxumFaults()));
    return ["bagit.txt and both manifests are exactly what the manifest makes of them", findings];
  }

  // BagIt's own sum of the payload (RFC 8493, 2.2.2), which other tools go by.
  async oxumFaults() {
    if (this.form === CASE && this.sealed.revision === 0) return []; // nobody looked at it then
    const listed = this.sealed.files.get(BAG_INFO);
    const data = await this.small(BAG_INFO);
    if (data === null || (await this.digest(BAG_INFO)).sha256 !== listed.sha256) return []; // steps 5 and 6 named it
    const payload = [...this.sealed.files].filter(([name]) => name.startsWith(PAYLOAD)).map(([, one]) => one.size);
    const wanted = `${PAYLOAD_OXUM}: ${payload.reduce((sum, size) => sum + size, 0)}.${payload.length}`;
    const stated = latin(data).split("\n").filter((line) => line.startsWith(PAYLOAD_OXUM));
    if (stated.length === 1 && stated[0] === wanted) return [];
    return [{ culprit: BAG_INFO, what: `its ${PAYLOAD_OXUM} is not that of its payload` }];
  }

  // Used only to name culprits when the signature vouches for nothing.
  async bagitByItself() {
    const findings = [];
    for (const manifest of [MANIFEST, TAG_MANIFEST]) {
      const data = await this.small(manifest);
      if (data === null) {
        findings.push(absent(manifest));
        continue;
      }
      const lines = manifestLines(data);
      if (manifestText(lines) !== latin(data)) {
        findings.push({ culprit: manifest, what: "it is not a manifest in the form that bundles have" });
      }
      for (const [name, expected] of lines) {
        if (!this.box.has(name)) findings.push(absent(name));
        else if ((await this.digest(name)).sha256 !== expected) {
          findings.push({ culprit: printable(name), what: `its SHA-256 is not the one in ${manifest}` });
        }
      }
      if (manifest === MANIFEST) {
        for (const name of this.box.paths.filter((one) => one.startsWith(PAYLOAD) && !lines.has(one))) {
          findings.push({ culprit: printable(name), what: `${manifest} does not list it` });
        }
      }
    }
    return findings;
  }
}
