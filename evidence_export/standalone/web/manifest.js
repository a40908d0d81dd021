// Reads a signed manifest, case.json, release.json or recheck.json, far enough to verify the bundle around it.

function readSealed(root, form) {
  if (textAt(root, "format") !== form.format) throw new Error(`its format is not '${form.format}'`);
  const version = at(root, "version");
  const named = { true: "True", false: "False", null: "None" }[String(version)] || JSON.stringify(version);
  if (version !== form.version) {
    throw new Error(`format version ${named}, where this verifier knows ${form.version} only`);
  }
  const algorithm = (...keys) => {
    const found = textAt(root, ...keys, "algorithm");
    if (!ALGORITHMS.includes(found)) throw new Error(`${keys.join(".")}.algorithm is none of ${ALGORITHMS.join(", ")}`);
    return found;
  };
  let second = null;
  if (optional(root, "seal", "second") !== null) {
    second = [algorithm("seal", "second"), hexAt(root, "seal", "second", "key_fingerprint")];
  }
  const sealedAt = textAt(root, "seal", "sealed_at");
  checkMoment(sealedAt);
  const sealed = {
    root,
    second,
    sealedAt,
    algorithm: algorithm("seal"),
    fingerprint: hexAt(root, "seal", "key_fingerprint"),
    site: textAt(root, "site", "id"),
    files: readFiles(root, form),
    revision: readRevision(root),
  };
  sealed.signatures = second === null ? [form.signature] : [form.signature, form.second];
  return sealed;
}

// 0 where none is named: the first bundles did not.
function readRevision(root) {
  const found = optional(root, "revision");
  if (found === null) return 0;
  if (typeof found !== "number" || found < 0) throw new Error("revision is no number");
  return found;
}

function readFiles(root, form) {
  const files = new Map();
  let before = "";
  for (const item of listAt(root, "files")) {
    const path = textAt(item, "path");
    const size = at(item, "size");
    if (!isPath(path) || form.unlisted.includes(path) || path === form.second) {
      throw new Error(`files: ${quoted(path)} may not be listed`);
    }
    if (!path.startsWith(PAYLOAD) && !form.tags.includes(path)) {
      throw new Error(`files: ${quoted(path)} has no place in a bundle`);
    }
    if (path <= before) throw new Error(`files: ${quoted(path)} stands twice or out of order`);
    if (typeof size !== "number" || size < 0) throw new Error(`files: the size of ${quoted(path)} is no size`);
    textAt(item, "role");
    let parent = null;
    const derived = Object.hasOwn(item, "derived_from") ? item.derived_from : null;
    if (derived !== null) {
      parent = textAt(derived, "parent");
      textAt(derived, "transform");
    }
    files.set(path, { size, sha256: hexAt(item, "sha256"), sm3: hexAt(item, "sm3"), parent });
    before = path;
  }
  const missing = form.tags.find((name) => !form.unlisted.includes(name) && !files.has(name));
  if (missing) throw new Error(`files: ${missing} is not listed`);
  return files;
}

function readCase(data) {
  const root = readCanonical(data);
  const sealed = readSealed(root, CASE);
  if (sealed.revision < KEYS_REVISION && (sealed.algorithm !== "Ed25519" || sealed.second)) {
    throw new Error(`its seal is none of revision ${sealed.revision}: seal.algorithm or seal.second`);
  }
  const listed = listAt(root, "recordings");
  const recordings = new Map(listed.map((item) => [hexAt(item, "sha256"), hexAt(item, "sm3")]));
  const decisive = listed.filter((item) => flagAt(item, "decisive")).map((item) => hexAt(item, "sha256"));
  const policy = hexAt(root, "policy", "sha256");
  const date = textAt(root, "case", "local_date");
  const content = canonicalBytes({
    camera: textAt(root, "camera", "id"),
    policy_sha256: policy,
    recordings_sha256: decisive,
    rule: textAt(root, "violation", "rule"),
    site: sealed.site,
    stay: textAt(root, "violation", "stay", "id"),
    zone: textAt(root, "violation", "zone"),
  });
  const derived = `SP-${date.replaceAll("-", "")}-${base32(sha256(content), 12)}`;
  return { ...sealed, policy, recordings, derived, id: textAt(root, "case", "id") };
}

// What the steps of every bundle take; verify.pyz reads the outcome.
function readRecheck(data) {
  const root = readCanonical(data);
  const sealed = readSealed(root, RECHECK);
  const named = ["case", "case_sha256"].map((key) => optional(root, "original", key));
  const stay = textAt(root, "original", "stay");
  if (named.every((one) => one === null)) return { ...sealed, id: stay };
  const id = textAt(root, "original", "case");
  if (!CASE_ID.test(id)) throw new Error("original.case has no valid form");
  hexAt(root, "original", "case_sha256");
  return { ...sealed, id };
}

function readRelease(data) {
  const root = readCanonical(data);
  const sealed = readSealed(root, RELEASE);
  const profile = textAt(root, "release", "profile");
  if (!["full", "outgoing"].includes(profile)) throw new Error("release.profile is none of full, outgoing");
  const caseId = textAt(root, "case", "id");
  const caseSha256 = hexAt(root, "case", "manifest_sha256");
  if (!CASE_ID.test(caseId)) throw new Error("case.id has no valid form");
  for (const name of ["name", "licence"]) textAt(root, "release", "by", name);
  const content = canonicalBytes({
    made_at: sealed.sealedAt,
    manifest_sha256: caseSha256,
    profile,
    purpose: textAt(root, "release", "purpose"),
    recipient: textAt(root, "release", "recipient"),
  });
  const withheld = new Map();
  for (const item of listAt(root, "withheld")) {
    const path = textAt(item, "path");
    if (withheld.has(path)) throw new Error(`withheld: ${quoted(path)} stands twice`);
    textAt(item, "why");
    withheld.set(path, hexAt(item, "sha256"));
  }
  const ledger = optional(root, "ledger");
  if (ledger !== null) {
    textAt(ledger, "origin");
    integerAt(ledger, "size");
    integerAt(ledger, "entries");
  }
  return {
    ...sealed,
    id: textAt(root, "release", "id"),
    derived: `${caseId}-R${base32(sha256(content), 12)}`,
    profile,
    caseId,
    caseSha256,
    caseKey: hexAt(root, "case", "key_fingerprint"),
    withheld,
    recordings: listAt(root, "recordings").map((item) => ({ path: pathAt(item), sha256: hexAt(item, "sha256") })),
    exhibits: listAt(root, "exhibits").map((item) => {
      flagAt(item, "after_decision");
      return { path: pathAt(item), sha256: hexAt(item, "sha256") };
    }),
    ledger,
    stamped: ledger !== null && optional(ledger, "time_stamp") !== null,
  };
}

function pathAt(item) {
  const found = at(item, "path");
  if (found !== null && typeof found !== "string") {
    throw new Error("a path is text, or null for what is not carried");
  }
  return found;
}
