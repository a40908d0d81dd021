// One verification, in a worker where the browser has them, else in the page.

// 64 hex characters however people write them; null for nothing, an Error for anything else.
function trustedFingerprint(typed) {
  const compact = typed.toLowerCase().replace(/[\s:：]/g, "").replace(/^sha-?256/, "").replace(/^fingerprint=/, "");
  if (!compact) return null;
  if (!HEX.test(compact)) throw new Error("fingerprint");
  return compact;
}

// `given`: {name, zip: File} or {name, files: [[path, File]], odd: [[path, what]]}. `told`: hears of progress.
async function verifyGiven(given, trusted, typed, told) {
  const box = given.zip
    ? await zipContainer(given.zip, (count, path) => told(count, path))
    : folderContainer(given.name, given.files, given.odd, (count, path) => told(count, path));
  const isRelease = box.has(RELEASE.manifest);
  const isRecheck = !isRelease && !box.has(CASE.manifest) && (box.has(RECHECK.manifest) || box.has(RECHECK.signature));
  const Verification = isRelease ? ReleaseVerification : isRecheck ? RecheckVerification : CaseVerification;
  const run = new Verification(box, trusted);
  const steps = await run.run();
  const inner = isRelease ? run.within : isRecheck ? null : run;
  const sealed = inner && inner.sealed;
  if (typed.trim()) {
    steps.push(codeStep(steps.at(-1).number + 1, sealed || null, inner ? inner.manifestSha256 : null, typed));
  }
  const bad = steps.some((step) => step.outcome === "failed" || step.outcome === "skipped");
  const culprits = [...new Set(steps.flatMap((step) => step.findings.map((one) => one.culprit)))];
  return {
    name: box.name,
    kind: box.kind,
    isRelease,
    isRecheck,
    steps,
    culprits,
    verdict: bad ? "failed" : run.byAuthority ? "incomplete" : "verified",
    trusted: trusted !== null,
    caseId: sealed && CASE_ID.test(sealed.id) ? sealed.id : null,
    recheckOf: isRecheck && run.sealed ? printable(run.sealed.id) : null,
    releaseId: isRelease && run.sealed && RELEASE_ID.test(run.sealed.id) ? run.sealed.id : null,
    keyFingerprint: run.key && run.key.fingerprint,
    secondFingerprint: run.second && run.second.fingerprint,
    masked: Boolean(isRelease && run.sealed && isObject(run.sealed.root.masking)),
    ledger: Boolean(isRelease && run.sealed && run.sealed.ledger !== null),
    stamped: Boolean(isRelease && run.sealed && run.sealed.stamped),
  };
}

if (typeof WorkerGlobalScope !== "undefined") {
  self.onmessage = async ({ data: { given, trusted, typed } }) => {
    let done = 0;
    let last = 0;
    const told = (count, path) => {
      done += count;
      if (done - last < 1 << 20) return;
      last = done;
      self.postMessage({ done, path });
    };
    try {
      self.postMessage({ report: await verifyGiven(given, trusted, typed, told) });
    } catch (error) {
      self.postMessage({ error: printable(String(error)) });
    }
  };
}
