// Public keys and their signatures: Ed25519 (RFC 8032), ECDSA on P-256 (FIPS 186-5), SM2 with SM3 (GB/T 32918.2).
// Public values only: nothing here is constant in time. The rules are those of evidence_export/bag.

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
}

function bigOf(bytes) {
  return bytes.length ? BigInt("0x" + hex(bytes)) : 0n;
}

function littleOf(bytes) {
  return bigOf(Uint8Array.from(bytes).reverse());
}

function bytesOf(value) {
  return fromHex(value.toString(16).padStart(64, "0"));
}

function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function startsWith(bytes, head) {
  return bytes.length >= head.length && sameBytes(bytes.subarray(0, head.length), head);
}

function mod(value, by) {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
}

function power(base, exponent, by) {
  let result = 1n;
  for (base = mod(base, by); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % by;
    base = (base * base) % by;
  }
  return result;
}

// Both moduli here are primes.
function inverse(value, by) {
  return power(value, by - 2n, by);
}

// y^2 = x^3 - 3x + b; points in Jacobian coordinates, [1, 1, 0] is the neutral element.
class Curve {
  constructor(p, b, n, x, y) {
    Object.assign(this, { p, b, n, g: [x, y] });
  }

  has([x, y]) {
    return x < this.p && y < this.p && mod(y * y - (x * x * x - 3n * x + this.b), this.p) === 0n;
  }

  // u G + v point, or null for the neutral element.
  combine(u, v, point) {
    const [x, y, z] = this.add(this.times(u, this.g), this.times(v, point));
    if (z === 0n) return null;
    const i = inverse(z, this.p);
    return [mod(x * i * i, this.p), mod(y * i * i * i, this.p)];
  }

  times(scalar, [x, y]) {
    let total = [1n, 1n, 0n];
    for (const bit of scalar.toString(2)) {
      total = this.double(total);
      if (bit === "1") total = this.add(total, [x, y, 1n]);
    }
    return total;
  }

  double([x, y, z]) {
    const p = this.p;
    if (z === 0n || y === 0n) return [1n, 1n, 0n];
    const yy = (y * y) % p;
    const zz = (z * z) % p;
    const s = (4n * x * yy) % p;
    const m = mod(3n * (x - zz) * (x + zz), p);
    const x3 = mod(m * m - 2n * s, p);
    return [x3, mod(m * (s - x3) - 8n * yy * yy, p), (2n * y * z) % p];
  }

  add(one, other) {
    const p = this.p;
    const [x1, y1, z1] = one;
    const [x2, y2, z2] = other;
    if (z1 === 0n) return other;
    if (z2 === 0n) return one;
    const zz1 = (z1 * z1) % p;
    const zz2 = (z2 * z2) % p;
    const u1 = (x1 * zz2) % p;
    const s1 = (((y1 * z2) % p) * zz2) % p;
    const h = mod(x2 * zz1 - u1, p);
    const r = mod(((y2 * z1) % p) * zz1 - s1, p);
    if (h === 0n) return r === 0n ? this.double(one) : [1n, 1n, 0n];
    const hh = (h * h) % p;
    const hhh = (h * hh) % p;
    const v = (u1 * hh) % p;
    const x3 = mod(r * r - hhh - 2n * v, p);
    return [x3, mod(r * (v - x3) - s1 * hhh, p), (((h * z1) % p) * z2) % p];
  }
}

const P256 = new Curve(
  0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
);
const SM2 = new Curve(
  0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
);
const SM2_IDENTITY = "1234567812345678";

// r and s of a DER signature in its one form; null for anything else.
function derPair(bytes) {
  if (bytes.length < 8 || bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes[1] > 0x7f) return null;
  const found = [];
  let at = 2;
  while (at < bytes.length) {
    const size = bytes[at + 1];
    const content = bytes.subarray(at + 2, at + 2 + size);
    if (bytes[at] !== 0x02 || size === 0 || size > 0x7f || content.length !== size || content[0] & 0x80) return null;
    if (size > 1 && content[0] === 0 && !(content[1] & 0x80)) return null;
    found.push(bigOf(content));
    at += 2 + size;
  }
  return found.length === 2 ? found : null;
}

function verifyP256(point, signature, data) {
  const pair = derPair(signature);
  if (!pair) return false;
  const [r, s] = pair;
  if (r < 1n || r >= P256.n || s < 1n || s > P256.n / 2n) return false;
  const i = inverse(s, P256.n);
  const found = P256.combine(mod(bigOf(sha256(data)) * i, P256.n), mod(r * i, P256.n), point);
  return found !== null && found[0] % P256.n === r;
}

function verifySm2(point, signature, data) {
  const pair = derPair(signature);
  if (!pair) return false;
  const [r, s] = pair;
  if (r < 1n || r >= SM2.n || s < 1n || s >= SM2.n) return false;
  const t = (r + s) % SM2.n;
  if (t === 0n) return false;
  const identity = new TextEncoder().encode(SM2_IDENTITY);
  const values = [SM2.p - 3n, SM2.b, ...SM2.g, ...point].map(bytesOf);
  const z = sm3(Uint8Array.of(0, identity.length * 8), identity, ...values);
  const found = SM2.combine(s, t, point);
  return found !== null && mod(bigOf(sm3(z, data)) + found[0], SM2.n) === r;
}

const ED_P = (1n << 255n) - 19n;
const ED_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const ED_D = mod(-121665n * inverse(121666n, ED_P), ED_P);
const ED_ROOT = power(2n, (ED_P - 1n) / 4n, ED_P);
const ED_SMALL = [
  "01" + "00".repeat(31),
  "ec" + "ff".repeat(30) + "7f",
  "00".repeat(32),
  "00".repeat(31) + "80",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

// RFC 8032, 5.1.3, strictly: null for what is no point, or could be written otherwise.
function edPoint(bytes) {
  const whole = littleOf(bytes);
  const sign = whole >> 255n;
  const y = BigInt.asUintN(255, whole);
  if (bytes.length !== 32 || y >= ED_P) return null;
  const u = mod(y * y - 1n, ED_P);
  const v = mod(ED_D * y * y + 1n, ED_P);
  let x = mod(u * power(v, 3n, ED_P) * power(u * power(v, 7n, ED_P), (ED_P - 5n) / 8n, ED_P), ED_P);
  if (mod(v * x * x, ED_P) !== u) {
    x = (x * ED_ROOT) % ED_P;
    if (mod(v * x * x, ED_P) !== u) return null;
  }
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = ED_P - x;
  return [x, y, 1n, (x * y) % ED_P];
}

function edAdd([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2), ED_P);
  const b = ((y1 + x1) * (y2 + x2)) % ED_P;
  const c = (2n * t1 * ((t2 * ED_D) % ED_P)) % ED_P;
  const d = (2n * z1 * z2) % ED_P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f, ED_P), mod(g * h, ED_P), mod(f * g, ED_P), mod(e * h, ED_P)];
}

function edTimes(scalar, point) {
  let total = [0n, 1n, 1n, 0n];
  for (const bit of scalar.toString(2)) {
    total = edAdd(total, total);
    if (bit === "1") total = edAdd(total, point);
  }
  return total;
}

async function verifyEd25519(key, signature, data) {
  if (signature.length !== 64 || ED_SMALL.includes(hex(signature.subarray(0, 32)))) return false;
  const point = edPoint(key);
  const s = littleOf(signature.subarray(32));
  if (!point || s >= ED_ORDER) return false;
  const k = littleOf(await sha512(joined([signature.subarray(0, 32), key, data]))) % ED_ORDER;
  const [x, y, z, t] = point;
  const base = edPoint(bytesOf(mod(4n * inverse(5n, ED_P), ED_P)).reverse());
  const sum = edAdd(edTimes(s, base), edTimes(k, [mod(-x, ED_P), y, z, mod(-t, ED_P)]));
  const i = inverse(sum[2], ED_P);
  const written = ((sum[1] * i) % ED_P) | (((sum[0] * i) % ED_P & 1n) << 255n);
  return sameBytes(bytesOf(written).reverse(), signature.subarray(0, 32));
}

const ED25519_HEAD = fromHex("302a300506032b6570032100");
const P256_HEAD = fromHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
const SM2_HEAD = fromHex("3059301306072a8648ce3d020106082a811ccf5501822d03420004");
const MAX_BODY = 16 << 10;

class PublicKey {
  constructor(algorithm, der) {
    Object.assign(this, { algorithm, der, fingerprint: hex(sha256(der)) });
  }

  get pem() {
    return pemOf(this.der, "PUBLIC KEY");
  }

  get point() {
    return [bigOf(this.der.subarray(-64, -32)), bigOf(this.der.subarray(-32))];
  }

  async verify(signature, data) {
    if (this.algorithm === "SM2-SM3") return verifySm2(this.point, signature, data);
    if (this.algorithm === "Ed25519") return verifyEd25519(this.der.subarray(-32), signature, data);
    return verifyP256(this.point, signature, data);
  }

  // What the browser's own cryptography says of it; null where it does not know the algorithm.
  async secondOpinion(signature, data) {
    const subtle = globalThis.crypto && globalThis.crypto.subtle;
    if (!subtle || this.algorithm === "SM2-SM3") return null;
    const ecdsa = this.algorithm !== "Ed25519";
    const kind = ecdsa ? { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } : { name: "Ed25519" };
    const raw = ecdsa ? joined(derPair(signature).map(bytesOf)) : signature;
    try {
      const key = await subtle.importKey("spki", this.der, kind, false, ["verify"]);
      return await subtle.verify(kind, key, raw, data);
    } catch {
      return null;
    }
  }
}

function pemOf(der, label) {
  const text = btoa(String.fromCharCode(...der));
  return `-----BEGIN ${label}-----\n${text.replace(/(.{64})(?=.)/g, "$1\n")}\n-----END ${label}-----\n`;
}

function latin(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

// The DER within one PEM block; null for anything else. No expression over the whole: one with white space in three of
// its parts would try every way to share it out among them.
function derIn(data, label) {
  const text = latin(data).replace(/^[ \t\n\r\f\v]+/, "");
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const stop = text.lastIndexOf(end);
  if (!text.startsWith(begin) || stop < begin.length || stop - begin.length > MAX_BODY) return null;
  if (/[^ \t\n\r\f\v]/.test(text.slice(stop + end.length))) return null;
  const body = text.slice(begin.length, stop).replace(/[ \t\n\r\f\v]/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body) || body.length % 4) return null;
  return Uint8Array.from(atob(body), (one) => one.charCodeAt(0));
}

// The key in PEM form, or an Error that says why there is none.
function keyFromPem(data) {
  const der = derIn(data, "PUBLIC KEY");
  if (!der) throw new Error("no readable public key in PEM form");
  if (startsWith(der, SM2_HEAD)) {
    if (der.length !== 91) throw new Error("no SM2 public key with an uncompressed point");
    const key = new PublicKey("SM2-SM3", der);
    if (!SM2.has(key.point)) throw new Error("an SM2 key whose point is not on the curve");
    return key;
  }
  if (startsWith(der, P256_HEAD) && der.length === 91) {
    const key = new PublicKey("ECDSA-P256-SHA256", der);
    if (!P256.has(key.point)) throw new Error("a P-256 key whose point is not on the curve");
    return key;
  }
  if (startsWith(der, ED25519_HEAD) && der.length === 44) {
    const point = der.subarray(-32);
    if (ED_SMALL.includes(hex(point)) || !edPoint(point)) {
      throw new Error("an Ed25519 key that is no point of the curve, or one with which anything would be signed");
    }
    return new PublicKey("Ed25519", der);
  }
  throw new Error("the key is not written in its one exact form");
}
