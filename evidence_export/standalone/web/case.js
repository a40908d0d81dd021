// The steps of a sealed case, and of a re-check, that this page does beside those of every bundle, and those that it leaves to verify.pyz.

const ELSEWHERE = "not done on this page; verify.pyz does it";

function elsewhere(number, title, titleZh) {
  return { number, title, titleZh, outcome: "elsewhere", detail: ELSEWHERE, findings: [] };
}

// A re-check: the steps of every bundle; what its outcome stands on is left to verify.pyz.
class RecheckVerification extends BagVerification {
  constructor(box, trusted) {
    super(box, RECHECK, trusted);
  }

  async run() {
    return [
      ...(await this.bagSteps("Re-check manifest", "复查清单")),
      elsewhere(8, "Outcome", "复查结论"),
      elsewhere(9, "Key certificate", "密钥证书"),
    ];
  }
}

class CaseVerification extends BagVerification {
  constructor(box, trusted, withheld) {
    super(box, CASE, trusted, withheld);
  }

  async run() {
    return [
      ...(await this.bagSteps("Case manifest", "案件清单")),
      await this.step(8, "Inner agreement", "内部一致", this.agreement),
      elsewhere(9, "Footage", "录像连续"),
      elsewhere(10, "Plate", "号牌"),
      elsewhere(11, "Reasons", "认定理由"),
      elsewhere(12, "Key certificate", "密钥证书"),
    ];
  }

  // 8

  async agreement() {
    const sealed = this.needed();
    const findings = [];
    const check = (holds, culprit, what) => holds || findings.push({ culprit, what });
    check(CASE_ID.test(sealed.id), CASE.manifest, "its case id has no valid form");
    check(sealed.id === sealed.derived, CASE.manifest, "its case id does not follow from its content");
    const policy = sealed.files.get(POLICY);
    check(policy !== undefined && policy.sha256 === sealed.policy, POLICY, "it is not the policy applied");
    const parents = new Set([...[...sealed.recordings.keys()].map((value) => `recording:${value}`), ...sealed.files.keys()]);
    for (const [name, { parent }] of sealed.files) {
      const known = parent === null || (parents.has(parent) && parent !== name);
      check(known, name, "its parent is neither in the bundle nor a recording of the case");
    }
    const { prefix, name } = this.box;
    const fits = prefix === null || prefix === sealed.id;
    check(fits, printable(name), "the folder inside the zip is not the case id");
    return ["case id, policy and parents of derived files agree with each other", findings];
  }
}
