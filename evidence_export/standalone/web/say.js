// What the page itself says, in Chinese and English. What the steps say comes from the verifier for Python.

const WORDS = {
  title: ["证据包离线核验", "Offline verification of evidence bundles"],
  subtitle: ["核验封存案件与移送包是否完整、未被改动", "Whether a sealed case or a release is whole and unchanged"],
  drop: ["把证据包（zip 或文件夹）拖到这里", "Drag a bundle here: its zip, or its folder"],
  chooseZip: ["选择 zip 文件", "Choose a zip"],
  chooseFolder: ["选择文件夹", "Choose a folder"],
  offline: [
    "全部在本机浏览器内完成：本页不联网，不上传、不解压、不保存任何内容。",
    "Everything happens in this browser: the page has no network, and uploads, unpacks and stores nothing.",
  ],
  fingerprint: ["可信公钥指纹（64 位）", "Trusted fingerprint (64 characters)"],
  fingerprintHelp: [
    "从执法机关以其他途径取得（公告、来函、当面）。不填则无法确认密钥属于谁。",
    "Received from the authority by another way. Without it nobody vouches for whose key this is.",
  ],
  code: ["纸件上的防伪码（可不填）", "Anti-forgery code on paper (optional)"],
  codeHelp: [
    "手头有打印的合成图或报告时，照纸件输入，核对是否出自本证据包。",
    "Typed from a printed sheet or report: whether it was made from this bundle.",
  ],
  again: ["重新核验", "Verify again"],
  busy: ["正在核验……", "Verifying…"],
  footer: [
    "本页与 verify.pyz 由同一软件生成、结论用语一致。若不信任证据包所附的核验页，请向执法机关索取，或用 verify.pyz 复核。",
    "This page and verify.pyz come from the same software and use the same words. Whoever does not trust the one inside a bundle gets it from the authority.",
  ],
  badFingerprint: ["指纹应为 64 个十六进制字符（0–9、a–f）。", "A fingerprint is 64 hex characters (0-9, a-f)."],
  locked: [
    "文件已用密码加密：请先用 age -d -o 文件.zip 文件.zip.age 打开（age-encryption.org），再选择所得的 zip。",
    "It is locked with a password: open it with age -d -o FILE.zip FILE.zip.age (age-encryption.org), then choose the zip that comes out.",
  ],
  noBundle: [
    "这不是证据包：请选择含有 case.json、release.json 或 recheck.json 的文件夹，或由本系统打包的 zip。",
    "This is no bundle: choose the folder that holds case.json, release.json or recheck.json, or the zip of it.",
  ],
  several: ["所选文件夹内有多个证据包，请逐个选择。", "There are several bundles in this folder: choose one."],
  broken: ["核验程序出错，未得出结论。请改用 verify.pyz。", "The page failed and reached no verdict. Use verify.pyz."],
  nothing: ["无法核验", "Nothing verified"],
  verified: ["验证通过", "VERIFIED"],
  failed: ["验证未通过", "FAILED"],
  incomplete: ["未发现问题，但有步骤未能核验", "Nothing wrong found, but not everything was checked"],
  scopeCase: [
    "本页所做的第 1–8 步全部通过：证据包完整，自签名以来未被改动。第 9–12 步本页不做（见下）。",
    "Steps 1-8, which this page does, all passed: the bundle is whole and unchanged since it was signed. Steps 9-12 are not done here (see below).",
  ],
  scopeRelease: [
    "本页所做的第 1–10 步全部通过：移送包及所附案件完整，自签名以来未被改动。第 11–14 步和案件的第 9–12 步本页不做（见下）。",
    "Steps 1-10, which this page does, all passed: the release and the case within are whole and unchanged since they were signed. Steps 11-14, and steps 9-12 of the case, are not done here (see below).",
  ],
  scopeRecheck: [
    "本页所做的第 1–7 步全部通过：复查材料完整，自签名以来未被改动。第 8–9 步（含复查结论）本页不做（见下）。",
    "Steps 1-7, which this page does, all passed: the re-check is whole and unchanged since it was signed. Steps 8-9, the outcome among them, are not done here (see below).",
  ],
  scopeFailed: [
    "证据包与签名时不一致，或不是由可信密钥签署，或与纸件不符。请看以下文件。",
    "The bundle is not as it was signed, or not signed by the trusted key, or not that of the sheet. See the files below.",
  ],
  scopeIncomplete: [
    "所给指纹是签发机构的：其证书是否有效须由第 12 步核验，本页不做。请用 verify.pyz 加 --key。",
    "The fingerprint is that of an authority: whether its certificate holds is step 12, which this page does not do. Use verify.pyz with --key.",
  ],
  scopeIncompleteRelease: [
    "所给指纹是签发机构的：其证书是否有效须由第 13 步核验，本页不做。请用 verify.pyz 加 --key。",
    "The fingerprint is that of an authority: whether its certificate holds is step 13, which this page does not do. Use verify.pyz with --key.",
  ],
  scopeIncompleteRecheck: [
    "所给指纹是签发机构的：其证书是否有效须由第 9 步核验，本页不做。请用 verify.pyz 加 --key。",
    "The fingerprint is that of an authority: whether its certificate holds is step 9, which this page does not do. Use verify.pyz with --key.",
  ],
  keyOpen: [
    "公钥指纹未核对。任何人都能用自己的密钥签出完整的证据包：请在上方填入可信公钥指纹，再点“重新核验”。",
    "The fingerprint was not compared. Anybody can sign a whole bundle with a key of their own: enter the trusted fingerprint above and verify again.",
  ],
  folderNote: [
    "浏览器看不到文件夹中的符号链接和部分空文件夹；需要时请核验 zip，或用 verify.pyz。",
    "A browser cannot see links, nor all empty folders, in a folder: verify the zip, or use verify.pyz, where that matters.",
  ],
  culprits: ["应核对的文件", "Files to look at"],
  steps: ["各步结果", "Step by step"],
  notDone: ["本页不做的步骤", "Not done on this page"],
  notDoneHow: [
    "以上各步由 verify.pyz 完成（Python 3.11，时间戳和证书另需 cryptography），在证据包旁运行：",
    "verify.pyz does these (Python 3.11; time stamps and certificates also take the package cryptography). Beside the bundle, run:",
  ],
  cannotKnow: ["验证无法确认的事项", "What no verifier can know"],
  stampNotHere: [
    "封存时间是否真实：所附时间戳本页不核验，请用 verify.pyz。",
    "Whether the seal was made when it says: the time stamp that is carried is not checked here; verify.pyz does it.",
  ],
  print: ["打印本结果", "Print this result"],
  caseId: ["案件编号", "Case"],
  recheckOf: ["所复查的案件", "Re-check of"],
  releaseId: ["移送包编号", "Release"],
  file: ["核验对象", "Verified"],
  key: ["签名公钥指纹", "Key fingerprint"],
  secondKey: ["第二公钥指纹", "Second key"],
  when: ["核验时间", "When"],
  whenNote: ["（本机时钟）", " (clock of this computer)"],
  paperCode: ["防伪码", "code"],
};

// What each step that is left out would look at.
const LEFT_OUT = {
  Footage: ["录像：片段链、时间、缺口与所述是否自洽", "Footage: that its chain, times and gaps fit what is said of them"],
  Plate: ["号牌：特写图与所述是否自洽", "Plate: that its close-ups fit what is said of them"],
  Reasons: ["认定理由：停留过程与计时是否相加一致", "Reasons: that the steps of the stay add up"],
  "Key certificate": ["密钥证书与吊销列表", "Certificates of the keys, and the revocation list"],
  "Time stamp": ["可信时间戳（RFC 3161）", "Time stamp (RFC 3161)"],
  Outcome: ["复查结论：与所示图片、查看次数是否自洽", "Outcome of the re-check: that it fits its pictures and counts"],
  "Re-checks": ["所附复查：各自的核验，以及与办案步骤是否一致", "Re-checks: each by its own steps, and that the procedure says the same"],
  Procedure: ["办案程序：两名执法人员、先后次序、补充材料", "Procedure: two officers, order of time, exhibits"],
};

const MARKS = {
  passed: ["通过", "ok"],
  failed: ["不符", "FAIL"],
  skipped: ["略过", "skipped"],
  elsewhere: ["本页不做", "not here"],
};
