// SHA-256 (FIPS 180-4), SM3 (GB/T 32905-2016), CRC-32 and SHA-512, piece by piece: files may be larger than memory.

function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// What SHA-256 and SM3 share: blocks of 64 bytes, a state of eight words, the length in bits at the end.
class BlockHash {
  constructor(start) {
    this.state = Uint32Array.from(start);
    this.rest = new Uint8Array(64);
    this.held = 0;
    this.length = 0;
  }

  update(data) {
    this.length += data.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, data.length);
      this.rest.set(data.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return this;
      this.block(this.rest, 0);
      this.held = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.block(data, at);
    this.rest.set(data.subarray(at));
    this.held = data.length - at;
    return this;
  }

  digest() {
    const tail = new Uint8Array(this.held < 56 ? 64 : 128);
    tail.set(this.rest.subarray(0, this.held));
    tail[this.held] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(this.length / 0x20000000));
    view.setUint32(tail.length - 4, (this.length * 8) >>> 0);
    for (let at = 0; at < tail.length; at += 64) this.block(tail, at);
    const out = new DataView(new ArrayBuffer(32));
    this.state.forEach((word, index) => out.setUint32(index * 4, word));
    return new Uint8Array(out.buffer);
  }
}

// The first 32 bits of the fractional parts of roots of the first primes: square roots, or cube roots.
function fractions(count, root, bits) {
  const found = [];
  for (let prime = 2n; found.length < count; prime += 1n) {
    let isPrime = true;
    for (let by = 2n; by * by <= prime; by += 1n) if (prime % by === 0n) isPrime = false;
    if (!isPrime) continue;
    const scaled = prime << (root * bits);
    let low = 0n;
    let high = 1n << (bits + 8n);
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** root <= scaled) low = middle;
      else high = middle;
    }
    found.push(BigInt.asUintN(Number(bits), low));
  }
  return found;
}

const SHA256_START = fractions(8, 2n, 32n).map(Number);
const SHA256_K = Uint32Array.from(fractions(64, 3n, 32n).map(Number));

class Sha256 extends BlockHash {
  constructor() {
    super(SHA256_START);
    this.w = new Uint32Array(64);
  }

  block(data, at) {
    const { w, state } = this;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + SHA256_K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

const SM3_START = [
  0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
];
const SM3_T = Uint32Array.from({ length: 64 }, (_, j) => {
  const t = j < 16 ? 0x79cc4519 : 0x7a879d8a;
  return j % 32 ? (t << j % 32) | (t >>> (32 - (j % 32))) : t;
});

class Sm3 extends BlockHash {
  constructor() {
    super(SM3_START);
    this.w = new Uint32Array(68);
  }

  block(data, at) {
    const { w, state } = this;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    }
    for (let i = 16; i < 68; i++) {
      const p = w[i - 3];
      const q = w[i - 13];
      const x = w[i - 16] ^ w[i - 9] ^ ((p << 15) | (p >>> 17));
      w[i] = x ^ ((x << 15) | (x >>> 17)) ^ ((x << 23) | (x >>> 9)) ^ ((q << 7) | (q >>> 25)) ^ w[i - 6];
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const turned = (a << 12) | (a >>> 20);
      const sum = (turned + e + SM3_T[i]) | 0;
      const ss1 = (sum << 7) | (sum >>> 25);
      const ff = i < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = i < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ turned) + (w[i] ^ w[i + 4])) | 0;
      const tt2 = (gg + h + ss1 + w[i]) | 0;
      d = c;
      c = (b << 9) | (b >>> 23);
      b = a;
      a = tt1;
      h = g;
      g = (f << 19) | (f >>> 13);
      f = e;
      e = tt2 ^ ((tt2 << 9) | (tt2 >>> 23)) ^ ((tt2 << 17) | (tt2 >>> 15));
    }
    state[0] ^= a;
    state[1] ^= b;
    state[2] ^= c;
    state[3] ^= d;
    state[4] ^= e;
    state[5] ^= f;
    state[6] ^= g;
    state[7] ^= h;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(data, before) {
  let value = ~before;
  for (let at = 0; at < data.length; at++) value = CRC_TABLE[(value ^ data[at]) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

function sha256(...parts) {
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function sm3(...parts) {
  const hash = new Sm3();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

// Only Ed25519 needs it, over a few hundred kilobytes: plain, and slow. Where the browser has its own, that is used.
async function sha512(data) {
  const subtle = globalThis.crypto && globalThis.crypto.subtle;
  if (subtle) return new Uint8Array(await subtle.digest("SHA-512", data));
  return plainSha512(data);
}

function plainSha512(data) {
  const k = fractions(80, 3n, 64n);
  const state = fractions(8, 2n, 64n);
  const padded = new Uint8Array(Math.ceil((data.length + 17) / 128) * 128);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(data.length) * 8n);
  const cut = (value) => BigInt.asUintN(64, value);
  const turn = (value, by) => (value >> by) | cut(value << (64n - by));
  for (let at = 0; at < padded.length; at += 128) {
    const w = [];
    for (let i = 0; i < 16; i++) w.push(view.getBigUint64(at + i * 8));
    for (let i = 16; i < 80; i++) {
      const s0 = turn(w[i - 15], 1n) ^ turn(w[i - 15], 8n) ^ (w[i - 15] >> 7n);
      const s1 = turn(w[i - 2], 19n) ^ turn(w[i - 2], 61n) ^ (w[i - 2] >> 6n);
      w.push(cut(w[i - 16] + s0 + w[i - 7] + s1));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
      const t1 = h + s1 + ((e & f) ^ (cut(~e) & g)) + k[i] + w[i];
      const s0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n);
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, cut(d + t1), c, b, a, cut(t1 + t2)];
    }
    [a, b, c, d, e, f, g, h].forEach((value, index) => {
      state[index] = cut(state[index] + value);
    });
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((value, index) => out.setBigUint64(index * 8, value));
  return new Uint8Array(out.buffer);
}
