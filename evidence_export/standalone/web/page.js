// The page: takes a bundle, has it verified, and shows what was found. Words of a bundle only ever become text nodes.

// What a file that age has locked begins with.
const AGE = "age-encryption.org/";
const byId = (id) => document.getElementById(id);
let language = "zh";
let given = null;
let shown = null;
let run = 0;

const say = (name) => pick(WORDS[name]);
const pick = ([zh, en]) => (language === "zh" ? zh : en);

// The most specific sentence first: the one with most of its own words.
const PATTERNS = Object.keys(FACTS.sentences)
  .sort((one, other) => other.replaceAll("{}", "").length - one.replaceAll("{}", "").length || (one < other ? -1 : 1))
  .map((english) => {
    const parts = english.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return [new RegExp(`^${parts.join("(.+?)")}$`, "s"), FACTS.sentences[english]];
  });

// The sentence in Chinese; itself where it is not known.
function chinese(sentence) {
  for (const [pattern, template] of PATTERNS) {
    const match = pattern.exec(sentence);
    if (!match) continue;
    let next = 1;
    return template.replace(/\{(\d*)\}/g, (_, place) => chinese(match[place ? Number(place) + 1 : next++]));
  }
  return sentence;
}

const spoken = (english, zh) => (language === "zh" ? zh || chinese(english) : english);

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function relabel() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  byId("language").textContent = language === "zh" ? "English" : "中文";
  byId("language").lang = language === "zh" ? "en" : "zh-CN";
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  show();
}

function facts(report) {
  const list = element("dl", "");
  for (const [name, value, mono] of [
    ["file", report.name, false],
    ["releaseId", report.releaseId, true],
    ["caseId", report.caseId, true],
    ["recheckOf", report.recheckOf, true],
    ["key", report.keyFingerprint && report.keyFingerprint.replace(/(.{8})(?=.)/g, "$1 "), true],
    ["secondKey", report.secondFingerprint && report.secondFingerprint.replace(/(.{8})(?=.)/g, "$1 "), true],
    ["when", report.when + say("whenNote"), false],
  ]) {
    if (value) list.append(element("dt", "", say(name)), element("dd", mono ? "mono" : "", value));
  }
  return element("div", "card block", list);
}

const culpritText = (culprit) => (culprit === "--code" ? say("paperCode") : culprit);

function findingsOf(step) {
  return step.findings.map((one) => {
    const who = element("b", "mono", culpritText(one.culprit));
    return element("p", "finding", who, language === "zh" ? "：" : ": ", spoken(one.what, one.whatZh));
  });
}

function stepsOf(report) {
  const list = element("ol", "steps");
  for (const step of report.steps) {
    const detail = element("div", "detail", spoken(step.detail, step.detailZh), ...findingsOf(step));
    list.append(
      element(
        "li",
        step.outcome,
        element("span", "number", String(step.number)),
        element("span", "mark", pick(MARKS[step.outcome])),
        element("span", "name", pick([step.titleZh, step.title])),
        detail,
      ),
    );
  }
  return list;
}

function bullets(lines) {
  return element("ul", "", ...lines.map((line) => element("li", "", line)));
}

function leftOut(report) {
  const mine = report.steps.filter((step) => step.outcome === "elsewhere");
  const lines = mine.map((step) => `${step.number}. ${pick(LEFT_OUT[step.title])}`);
  if (report.isRelease) {
    const within = ["Footage", "Plate", "Reasons", "Key certificate"].map((title) => pick(LEFT_OUT[title]));
    lines.push(`${pick(["所附案件的第 9–12 步", "Steps 9-12 of the case within"])}${pick(["：", ": "])}${within.join(pick(["；", "; "]))}`);
  }
  const key = pick(["可信指纹", "FINGERPRINT"]);
  const command = element("p", "mono", `python3 verify.pyz ${report.caseId || pick(["证据包", "BUNDLE"])}${report.releaseId ? report.releaseId.slice(24) : ""} --key ${key}`);
  return element("div", "card block plain", element("h2", "", say("notDone")), bullets(lines), element("p", "quiet", say("notDoneHow")), command);
}

function unknown(report) {
  const known = FACTS.cannotKnow;
  const lines = report.trusted ? [] : [known.key];
  lines.push(...(report.isRecheck ? known.recheck : known.always), report.stamped ? WORDS.stampNotHere : known.unstamped);
  if (report.ledger) lines.push(known.ledger);
  if (report.masked) lines.push(known.masked);
  if (report.kind === "folder") lines.push(WORDS.folderNote);
  return element("div", "card block plain", element("h2", "", say("cannotKnow")), bullets(lines.map(pick)));
}

function culpritsOf(report) {
  const list = element("ul", "");
  for (const culprit of report.culprits) list.append(element("li", "mono", culpritText(culprit)));
  return element("div", "card block culprits", element("h2", "", say("culprits")), list);
}

function scopeOf(report) {
  if (report.verdict === "failed") return say("scopeFailed");
  const form = report.isRelease ? "Release" : report.isRecheck ? "Recheck" : "";
  if (report.verdict === "incomplete") return say(`scopeIncomplete${form}`);
  return say(`scope${form || "Case"}`);
}

function show() {
  const place = byId("result");
  place.replaceChildren();
  place.hidden = shown === null;
  if (shown === null) return;
  if (shown.problem) {
    const words = [element("strong", "", say("nothing")), element("p", "", say(shown.problem))];
    place.append(element("div", "verdict none", ...words));
    return;
  }
  const report = shown;
  const banner = [element("strong", "", say(report.verdict)), element("p", "", scopeOf(report))];
  place.append(element("div", `verdict ${report.verdict}`, ...banner));
  place.dataset.verdict = report.verdict;
  if (report.verdict !== "failed" && !report.trusted) place.append(element("p", "warning", say("keyOpen")));
  if (report.culprits.length) place.append(culpritsOf(report));
  place.append(facts(report), element("h2", "", say("steps")), stepsOf(report), leftOut(report), unknown(report));
  const print = element("button", "", say("print"));
  print.type = "button";
  print.addEventListener("click", () => window.print());
  place.append(element("p", "print", print));
}

function problem(name) {
  shown = { problem: name };
  byId("busy").hidden = true;
  show();
}

function stamp() {
  const now = new Date();
  const two = (value) => String(value).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}`;
}

function workerOf() {
  try {
    const engine = new Blob([byId("engine").textContent], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(engine));
  } catch {
    return null; // a browser that has none here: the page itself does it, in pieces
  }
}

function verifyNow() {
  if (given === null) return;
  let trusted;
  try {
    trusted = trustedFingerprint(byId("fingerprint").value);
  } catch {
    problem("badFingerprint");
    return;
  }
  const mine = ++run;
  const typed = byId("code").value;
  const total = given.zip ? given.zip.size : given.files.reduce((sum, [, file]) => sum + file.size, 0);
  shown = null;
  show();
  byId("busy").hidden = false;
  byId("again").disabled = false;
  byId("bar").value = 0;
  const told = (done, path) => {
    if (mine !== run) return;
    byId("bar").value = total ? Math.min(1, done / total) : 0;
    byId("at").textContent = printable(path);
  };
  const ended = (report) => {
    if (mine !== run) return;
    byId("busy").hidden = true;
    if (report === null) return problem("broken");
    shown = { ...report, when: stamp() };
    show();
  };
  const worker = workerOf();
  if (worker === null) {
    let done = 0;
    verifyGiven(given, trusted, typed, (count, path) => told((done += count), path)).then(ended, () => ended(null));
    return;
  }
  worker.onmessage = ({ data }) => {
    if (data.done !== undefined) return told(data.done, data.path);
    worker.terminate();
    ended(data.report || null);
  };
  worker.onerror = () => ended(null);
  worker.postMessage({ given, trusted, typed });
}

// `files`: [path, File] as they lie below what was chosen, the first part of each path being its name.
function takeFolder(files, odd) {
  const marks = new Set([...CASE.tags, ...RELEASE.tags, ...RECHECK.tags, TAG_MANIFEST]);
  const folders = new Set();
  for (const [path] of files) {
    const cut = path.lastIndexOf("/");
    if (cut > 0 && marks.has(path.slice(cut + 1))) folders.add(path.slice(0, cut));
  }
  const tops = [...folders].filter((one) => ![...folders].some((other) => one.startsWith(`${other}/`)));
  if (tops.length !== 1) return problem(tops.length ? "several" : "noBundle");
  const inside = `${tops[0]}/`;
  const below = (list) => list.filter(([path]) => path.startsWith(inside)).map(([path, one]) => [path.slice(inside.length), one]);
  given = { name: tops[0].split("/").at(-1), files: below(files), odd: below(odd) };
  return verifyNow();
}

async function takeFile(file) {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const isZip = file.name.toLowerCase().endsWith(".zip") || hex(head) === "504b0304";
  if (!isZip) return problem((await file.slice(0, AGE.length).text()) === AGE ? "locked" : "noBundle");
  given = { name: file.name, zip: file };
  return verifyNow();
}

async function walk(entry, inside, files, odd, depth) {
  const path = inside + entry.name;
  if (entry.isFile) {
    files.push([path, await new Promise((resolve, reject) => entry.file(resolve, reject))]);
    return;
  }
  if (depth > 9) {
    odd.push([path, "nested deeper than any bundle"]);
    return;
  }
  const reader = entry.createReader();
  let count = 0;
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    count += some.length;
    if (files.length > MAX_FILES) break;
    for (const one of some) await walk(one, `${path}/`, files, odd, depth + 1);
  }
  if (!count && depth) odd.push([`${path}/`, "an empty folder that does not belong to the bundle"]);
}

async function dropped(event) {
  event.preventDefault();
  byId("drop").classList.remove("over");
  const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
  const files = [...event.dataTransfer.files];
  if (items.length > 1 || files.length > 1) return problem("several");
  try {
    if (entries[0] && entries[0].isDirectory) {
      const found = [];
      const odd = [];
      await walk(entries[0], "", found, odd, 0);
      return takeFolder(found, odd);
    }
    if (files.length) return await takeFile(files[0]);
  } catch {
    return problem("broken");
  }
  return undefined;
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  relabel();
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  verifyNow();
});
for (const name of ["zip", "folder"]) {
  byId(`choose-${name}`).addEventListener("click", () => {
    byId(name).value = ""; // else the same one again would be no change
    byId(name).click();
  });
}
byId("zip").addEventListener("change", ({ target }) => {
  if (target.files.length) takeFile(target.files[0]).catch(() => problem("broken"));
});
byId("folder").addEventListener("change", ({ target }) => {
  if (target.files.length) takeFolder([...target.files].map((file) => [file.webkitRelativePath, file]), []);
});
for (const name of ["dragover", "dragenter"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) byId("drop").classList.remove("over");
});
document.addEventListener("drop", dropped);
relabel();
