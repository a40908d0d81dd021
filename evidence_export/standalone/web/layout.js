// Names and limits of bundles, and of the three forms of one: a sealed case, a release that carries one, a re-check.

const BAGIT = "bagit.txt";
const BAG_INFO = "bag-info.txt";
const PAYLOAD_OXUM = "Payload-Oxum";
const MANIFEST = "manifest-sha256.txt";
const TAG_MANIFEST = "tagmanifest-sha256.txt";
const SITE_KEY = "site-key.pub.pem";
const PAYLOAD = "data/";
const POLICY = "data/policy.json";
const STILLS = "data/stills/";
const CA_CERTIFICATE = "data/keys/site-ca.cert.pem";
const SECOND_KEY = "data/keys/second-key.pub.pem";
const KEY_FILES = ["data/keys/site-key.cert.pem", CA_CERTIFICATE, SECOND_KEY, "data/keys/second-key.cert.pem"];
const BAGIT_TEXT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const ALGORITHMS = ["Ed25519", "ECDSA-P256-SHA256", "SM2-SM3"];
const KEYS_REVISION = 8;
const MAX_FILES = 4096;
const MAX_CASE_BYTES = 16 << 20;
const MAX_TAG_BYTES = 1 << 20;

const PATH = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,7}$/;
const CASE_ID = /^SP-[0-9]{8}-[A-Z2-7]{12}$/;
const RELEASE_ID = /^SP-[0-9]{8}-[A-Z2-7]{12}-R[A-Z2-7]{12}$/;

const CASE_WITHIN = "data/case/";
const ORIGIN = "data/origin/";
const CHECKPOINT = "data/ledger/checkpoint.txt";
const ENTRIES = "data/ledger/entries.json";
const LEDGER_FILES = [CHECKPOINT, ENTRIES];
const STAMP_FILES = ["stamped-checkpoint.txt", "stamped-entry.json", "time-stamp.tsr", "tsa-ca.pem"].map(
  (name) => `data/ledger/${name}`,
);

function formOf(manifest, format, pages, version = 1) {
  const signature = `${manifest}.sig`;
  const common = [BAG_INFO, BAGIT, MANIFEST, "README.txt", SITE_KEY, manifest, signature, ...pages];
  return {
    manifest,
    format,
    version,
    signature,
    second: manifest.replace(/\.json$/, ".json.second.sig"),
    tags: common.sort(),
    unlisted: [manifest, signature, TAG_MANIFEST],
  };
}

const CASE = formOf("case.json", "streetproof-case", []);
const RELEASE = formOf("release.json", "streetproof-release", ["verify.pyz", "verify.html"]);
const RECHECK = formOf("recheck.json", "streetproof-recheck", [], 2);

function isPath(path) {
  return PATH.test(path) && !path.split("/").some((part) => part.endsWith("."));
}

// path -> SHA-256, as a BagIt manifest in the only form that bundles have.
function manifestText(hashes) {
  return [...hashes.keys()].sort().map((path) => `${hashes.get(path)}  ${path}\n`).join("");
}

// The well-formed lines; to find culprits by, never to trust anything.
function manifestLines(data) {
  const found = new Map();
  for (const line of latin(data).split("\n")) {
    const match = /^([0-9a-f]{64}) {2}([ -~]{1,400})$/.exec(line);
    if (match) found.set(match[2], match[1]);
  }
  return found;
}
