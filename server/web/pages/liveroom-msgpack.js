// MessagePack for the values of the Liveroom protocol: null, booleans, numbers, strings, arrays
// and maps with string keys. https://github.com/msgpack/msgpack/blob/master/spec.md

const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * @param {unknown} value
 * @returns {Uint8Array} one value, encoded
 */
export function encode(value) {
  /** @type {number[]} */
  const out = [];
  write(out, value);
  return Uint8Array.from(out);
}

/** @type {(out: number[], value: unknown) => void} */
function write(out, value) {
  if (value === null || value === undefined) out.push(0xc0);
  else if (value === false) out.push(0xc2);
  else if (value === true) out.push(0xc3);
  else if (typeof value === "number") writeNumber(out, value);
  else if (typeof value === "string") writeString(out, value);
  else if (Array.isArray(value)) {
    writeHead(out, value.length, 0x90, 15, 0xdc);
    for (const item of value) write(out, item);
  } else {
    const entries = Object.entries(/** @type {object} */ (value)).filter(([, item]) => item !== undefined);
    writeHead(out, entries.length, 0x80, 15, 0xde);
    for (const [key, item] of entries) {
      writeString(out, key);
      write(out, item);
    }
  }
}

/** @type {(out: number[], n: number) => void} */
function writeNumber(out, n) {
  const view = new DataView(new ArrayBuffer(8));
  if (!Number.isSafeInteger(n)) {
    view.setFloat64(0, n);
    push(out, 0xcb, view, 8);
  } else if (n >= 0 && n < 0x80) out.push(n);
  else if (n < 0 && n >= -32) out.push(0x100 + n);
  else if (n >= 0 && n <= 0xffffffff) {
    view.setUint32(0, n);
    push(out, 0xce, view, 4);
  } else {
    view.setBigInt64(0, BigInt(n));
    push(out, 0xd3, view, 8);
  }
}

/** @type {(out: number[], head: number, view: DataView, length: number) => void} */
function push(out, head, view, length) {
  out.push(head);
  for (let i = 0; i < length; i += 1) out.push(view.getUint8(i));
}

/** @type {(out: number[], string: string) => void} */
function writeString(out, string) {
  const bytes = utf8.encode(string);
  const n = bytes.length;
  if (n < 32) out.push(0xa0 | n);
  else if (n < 0x100) out.push(0xd9, n);
  else if (n < 0x10000) out.push(0xda, n >> 8, n & 0xff);
  else out.push(0xdb, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff);
  for (const byte of bytes) out.push(byte);
}

/** @type {(out: number[], n: number, small: number, smallMax: number, wide: number) => void} */
function writeHead(out, n, small, smallMax, wide) {
  if (n <= smallMax) out.push(small | n);
  else if (n < 0x10000) out.push(wide, n >> 8, n & 0xff);
  else out.push(wide + 1, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff);
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {Value} the one value in it; throws RangeError if it is cut off
 */
export function decode(buffer) {
  return new Reader(buffer).value();
}

/** @typedef {import("./liveroom.js").Value} Value */
/** @typedef {"getUint8" | "getUint16" | "getUint32" | "getInt8" | "getInt16" | "getInt32" |
 *   "getFloat32" | "getFloat64"} Getter */

class Reader {
  /** @param {ArrayBuffer} buffer */
  constructor(buffer) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.at = 0;
  }

  /**
   * Read a number with a DataView getter and step over its `n` bytes.
   * @param {Getter} getter
   * @param {number} n
   */
  take(getter, n) {
    const value = this.view[getter](this.at);
    this.at += n;
    return value;
  }

  /**
   * Read an integer of eight bytes; beyond 2 ** 53 it is the nearest number.
   * @param {"getBigUint64" | "getBigInt64"} getter
   */
  takeBig(getter) {
    const value = this.view[getter](this.at);
    this.at += 8;
    return Number(value);
  }

  /** @returns {Value} */
  value() {
    const head = this.take("getUint8", 1);
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head < 0x90) return this.map(head & 0x0f);
    if (head < 0xa0) return this.array(head & 0x0f);
    if (head < 0xc0) return this.string(head & 0x1f);
    const read = HEADS[head];
    if (!read) throw new RangeError(`MessagePack type 0x${head.toString(16)} is not used here.`);
    return read(this);
  }

  /** @param {number} n */
  string(n) {
    const from = this.at;
    this.at += n;
    if (this.at > this.bytes.length) throw new RangeError("The MessagePack string is cut off.");
    return text.decode(this.bytes.subarray(from, this.at));
  }

  /** @param {number} n */
  array(n) {
    const items = [];
    for (let i = 0; i < n; i += 1) items.push(this.value());
    return items;
  }

  /** @param {number} n */
  map(n) {
    /** @type {{[key: string]: Value}} */
    const entries = {};
    for (let i = 0; i < n; i += 1) {
      const key = String(this.value());
      // A key named __proto__ must become a field like any other.
      Object.defineProperty(entries, key, {
        value: this.value(), enumerable: true, configurable: true, writable: true,
      });
    }
    return entries;
  }
}

/** @type {Record<number, (reader: Reader) => Value>} */
const HEADS = {
  0xc0: () => null,
  0xc2: () => false,
  0xc3: () => true,
  0xca: (r) => r.take("getFloat32", 4),
  0xcb: (r) => r.take("getFloat64", 8),
  0xcc: (r) => r.take("getUint8", 1),
  0xcd: (r) => r.take("getUint16", 2),
  0xce: (r) => r.take("getUint32", 4),
  0xcf: (r) => r.takeBig("getBigUint64"),
  0xd0: (r) => r.take("getInt8", 1),
  0xd1: (r) => r.take("getInt16", 2),
  0xd2: (r) => r.take("getInt32", 4),
  0xd3: (r) => r.takeBig("getBigInt64"),
  0xd9: (r) => r.string(r.take("getUint8", 1)),
  0xda: (r) => r.string(r.take("getUint16", 2)),
  0xdb: (r) => r.string(r.take("getUint32", 4)),
  0xdc: (r) => r.array(r.take("getUint16", 2)),
  0xdd: (r) => r.array(r.take("getUint32", 4)),
  0xde: (r) => r.map(r.take("getUint16", 2)),
  0xdf: (r) => r.map(r.take("getUint32", 4)),
};
