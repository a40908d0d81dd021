// The steps of a release (移送包): those of every bundle, the case within, their agreement, and the ledger.

class ReleaseVerification extends BagVerification {
  constructor(box, trusted) {
    super(box, RELEASE, trusted);
    this.within = null;
  }

  async run() {
    return [
      ...(await this.bagSteps("Release manifest", "移送清单")),
      await this.step(8, "Case within", "所附案件", this.caseWithin),
      await this.step(9, "Release and case", "移送与案件一致", this.agreement),
      await this.step(10, "Ledger", "存证日志", this.entries),
      elsewhere(11, "Time stamp", "可信时间戳"),
      elsewhere(12, "Procedure", "办案程序"),
      elsewhere(13, "Key certificate", "密钥证书"),
      elsewhere(14, "Re-checks", "所附复查"),
    ];
  }

  // 8: whoever trusts the key of the release takes its word for the key of the case, which step 9 compares.

  async caseWithin() {
    const sealed = this.needed();
    this.within = new CaseVerification(new InnerContainer(this.box, CASE_WITHIN), null, sealed.withheld);
    const steps = (await this.within.run()).filter((step) => step.outcome !== "elsewhere");
    const findings = steps.flatMap((step) =>
      step.findings.map((one) => ({ culprit: CASE_WITHIN + one.culprit, what: `step ${step.number}: ${one.what}` })),
    );
    if (!findings.length) {
      for (const step of steps.filter((one) => one.outcome === "skipped")) {
        const what = `step ${step.number} of the case could not be done: ${step.detail}`;
        findings.push({ culprit: CASE_WITHIN + CASE.manifest, what });
      }
    }
    const passed = steps.filter((step) => step.outcome === "passed").length;
    const held = sealed.withheld.size ? `; ${sealed.withheld.size} of its files are withheld` : ", whole";
    return [`${passed} of ${steps.length} steps of ${printable(sealed.caseId)} passed${held}`, findings];
  }

  // 9

  async agreement() {
    const release = this.needed();
    const inner = this.within && this.within.sealed;
    if (!inner) throw new Skip("the case within cannot be trusted");
    const findings = [];
    const check = (holds, culprit, what) => holds || findings.push({ culprit: printable(culprit), what });
    const manifest = RELEASE.manifest;
    check(RELEASE_ID.test(release.id), manifest, "its release id has no valid form");
    check(release.id === release.derived, manifest, "its release id does not follow from its content");
    const fits = this.box.prefix === null || this.box.prefix === release.id;
    if (!fits) {
      findings.push({ culprit: printable(this.box.name), what: "the folder inside the zip is not the release id" });
    }
    check(inner.id === release.caseId, manifest, "it names another case than the one that it carries");
    const same = this.within.manifestSha256 === release.caseSha256;
    check(same, manifest, "it names another case.json than the one that it carries");
    const sealer = this.within.key.fingerprint === release.caseKey;
    check(sealer, manifest, "it names another key than the one that sealed the case");
    const parents = new Set([...release.files.keys(), ...[...inner.files.keys()].map((path) => `case:${path}`)]);
    for (const [name, { parent }] of release.files) {
      const known = parent === null || (parents.has(parent) && parent !== name);
      check(known, name, "its parent is neither in the release nor a file of the case");
    }
    const carries = ({ path, sha256: value }) =>
      path === null || (release.files.has(path) && release.files.get(path).sha256 === value);
    for (const one of release.recordings) {
      const sm3 = inner.recordings.get(one.sha256);
      check(sm3 !== undefined, one.path || manifest, "it is no recording of the case");
      check(carries(one), one.path || manifest, "it is not the recording that the release names");
      const listed = one.path === null ? undefined : release.files.get(one.path);
      const same = !listed || sm3 === undefined || listed.sm3 === sm3;
      check(same, one.path || manifest, "its SM3 is not the one that the case tells");
    }
    const held = new Set(release.withheld.values());
    for (const [name, listed] of release.files) {
      check(!held.has(listed.sha256), name, "it is a file of the case that the release says it withholds");
    }
    for (const one of release.exhibits) {
      check(carries(one), one.path || manifest, "it is not the exhibit that the release names");
    }
    await this.origin(release);
    const came = release.files.has(`${ORIGIN}release.json`) ? "; it came from another department" : "";
    return [`ids, keys, parents, recordings and exhibits agree with each other${came}`, findings];
  }

  // The release by which another department had handed the case over, where it is carried.
  async origin(release) {
    const name = `${ORIGIN}release.json`;
    if (!release.files.has(name)) return;
    const data = await this.small(name, MAX_CASE_BYTES);
    const signature = await this.small(`${ORIGIN}release.json.sig`);
    const pem = await this.small(`${ORIGIN}${SITE_KEY}`);
    await blaming(name, "not readable", async () => {
      const whole = data !== null && signature !== null && pem !== null;
      if (!whole || !(await this.holdsFor(keyFromPem(pem), signature, data))) {
        throw new Error("it is not signed by the department that it came from");
      }
      if (readRelease(data).caseSha256 !== release.caseSha256) throw new Error("it is the release of another case");
    });
  }

  // 10

  async entries() {
    const release = this.needed();
    const wanted = release.ledger === null ? [] : [...LEDGER_FILES, ...(release.stamped ? STAMP_FILES : [])];
    const odd = [...LEDGER_FILES, ...STAMP_FILES]
      .sort()
      .find((name) => release.files.has(name) !== wanted.includes(name));
    if (odd) {
      return ["incomplete", [{ culprit: RELEASE.manifest, what: `what it says of the ledger does not fit: ${odd}` }]];
    }
    if (release.ledger === null) return ["none: this release carries nothing of a ledger", []];
    if (!this.within || !this.within.sealed) throw new Skip("the case within cannot be trusted");
    const checkpoint = await blaming(CHECKPOINT, "not readable", () => this.checkpoint());
    const entries = await blaming(ENTRIES, "not readable", async () =>
      readEntries(await this.present(ENTRIES, MAX_ENTRIES_BYTES), checkpoint),
    );
    const findings = entryFaults(entries, release).map((what) => ({ culprit: ENTRIES, what: printable(what) }));
    const { origin, size, entries: count } = release.ledger;
    if (origin !== checkpoint.origin || size !== checkpoint.size || count !== entries.length) {
      findings.push({ culprit: RELEASE.manifest, what: "what it says of the ledger is not what it carries" });
    }
    const under = `a checkpoint of ${checkpoint.size} entries, signed at ${checkpoint.at}`;
    return [`${entries.length} entries about the case, proven under ${under}`, findings];
  }

  async checkpoint() {
    const note = readNote(await this.present(CHECKPOINT, MAX_NOTE_BYTES));
    for (const key of [this.key, this.second, this.within.key]) {
      if (key !== null && (await isNoteSignedBy(note, key))) return note;
    }
    throw new Error("it is signed neither by the key of the release nor by that of the case");
  }

  async present(name, limit) {
    const data = await this.small(name, limit);
    if (data === null) throw new Error(ABSENT);
    return data;
  }
}
