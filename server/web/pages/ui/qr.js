// QR codes (ISO/IEC 18004): bytes, error correction M, versions 1 to 10, so up to 213 bytes. Pure.

/**
 * Of each version with error correction M: the bytes of correction in a block, and the bytes of data
 * in each block (table 9 of the standard).
 * @type {[correction: number, blocks: number[]][]}
 */
const VERSIONS = [
  [10, [16]], [16, [28]], [26, [44]], [18, [32, 32]], [24, [43, 43]], [16, [27, 27, 27, 27]],
  [18, [31, 31, 31, 31]], [22, [38, 38, 39, 39]], [22, [36, 36, 36, 37, 37]],
  [26, [43, 43, 43, 43, 44]],
];
/** Where the small patterns of a version have their middles, along both sides. */
const ALIGNED = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42],
  [6, 26, 46], [6, 28, 50]];
const LEVEL_M = 0;

/** @typedef {boolean[][]} Rows of modules; true is dark */

// ---- the field of 256 elements, with x^8 + x^4 + x^3 + x^2 + 1

const POWERS = new Uint8Array(255);
const LOGS = new Uint8Array(256);
for (let n = 0, power = 1; n < 255; n += 1) {
  POWERS[n] = power;
  LOGS[power] = n;
  power = (power << 1) ^ (power & 0x80 ? 0x11d : 0);
}

/** @type {(a: number, b: number) => number} */
const times = (a, b) => (a && b ? POWERS[(LOGS[a] + LOGS[b]) % 255] : 0);

/**
 * The coefficients of (x + 1)(x + 2)(x + 4)..., without the leading one.
 * @param {number} degree
 */
function generator(degree) {
  const found = [...new Uint8Array(degree - 1), 1];
  for (let n = 0; n < degree; n += 1) {
    for (let at = 0; at < degree; at += 1) {
      found[at] = times(found[at], POWERS[n]) ^ (found[at + 1] ?? 0);
    }
  }
  return found;
}

/**
 * The remainder of the data by the generator: the bytes of correction.
 * @type {(data: number[], by: number[]) => number[]}
 */
function correction(data, by) {
  const rest = [...new Uint8Array(by.length)];
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0);
    rest.push(0);
    by.forEach((coefficient, at) => { rest[at] ^= times(coefficient, factor); });
  }
  return rest;
}

// ---- from a text to the bytes of a symbol

/**
 * The smallest version that takes so many bytes.
 * @param {number} count
 */
function versionFor(count) {
  const version = VERSIONS.findIndex(([, blocks], at) => {
    const bits = 8 * blocks.reduce((sum, block) => sum + block, 0);
    return 4 + (at < 9 ? 8 : 16) + 8 * count <= bits;
  }) + 1;
  if (!version) throw new RangeError(`A QR code here takes 213 bytes, not ${count}.`);
  return version;
}

/** @type {(bytes: Uint8Array, version: number) => number[]} */
function dataBytes(bytes, version) {
  const capacity = VERSIONS[version - 1][1].reduce((sum, block) => sum + block, 0);
  const length = bytes.length.toString(2).padStart(version < 10 ? 8 : 16, "0");
  const bits = `0100${length}${[...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("")}`
    .concat("0000").slice(0, 8 * capacity);
  const data = (bits.match(/.{1,8}/g) ?? []).map((eight) => Number.parseInt(eight.padEnd(8, "0"), 2));
  for (let n = 0; data.length < capacity; n += 1) data.push(n % 2 ? 0x11 : 0xec);
  return data;
}

/**
 * Data and correction of all blocks, interleaved.
 * @type {(data: number[], version: number) => number[]}
 */
function interleaved(data, version) {
  const [degree, sizes] = VERSIONS[version - 1];
  const by = generator(degree);
  let from = 0;
  const blocks = sizes.map((size) => data.slice(from, from += size));
  const checks = blocks.map((block) => correction(block, by));
  /** @param {number[][]} lists */
  const across = (lists) => Array.from({ length: Math.max(...lists.map(({ length }) => length)) },
    (_, at) => lists.flatMap((list) => (at < list.length ? [list[at]] : []))).flat();
  return [...across(blocks), ...across(checks)];
}

// ---- the symbol

class Matrix {
  /** @param {number} version */
  constructor(version) {
    this.version = version;
    this.size = 17 + 4 * version;
    /** @type {Rows} */
    this.rows = this.#empty();
    /** @type {Rows} modules that are no data */
    this.fixed = this.#empty();
    this.#drawPatterns();
  }

  /** @returns {Rows} */
  #empty() {
    return Array.from({ length: this.size }, () => new Array(this.size).fill(false));
  }

  /** @type {(x: number, y: number, isDark: boolean) => void} */
  #set(x, y, isDark) {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.rows[y][x] = isDark;
    this.fixed[y][x] = true;
  }

  #drawPatterns() {
    const { size, version } = this;
    for (let n = 0; n < size; n += 1) {
      this.#set(6, n, n % 2 === 0);
      this.#set(n, 6, n % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.#rings(x, y, 4, [2, 4]);
    const middles = ALIGNED[version - 1];
    const last = middles.at(-1);
    for (const x of middles) {
      for (const y of middles) {
        const isCorner = (x === 6 && (y === 6 || y === last)) || (y === 6 && x === last);
        if (!isCorner) this.#rings(x, y, 2, [1]);
      }
    }
    this.drawFormat(0);
    if (version >= 7) this.#drawVersion();
  }

  /**
   * Squares around a middle, as far out as `radius`; those in `light` are light.
   * @type {(x: number, y: number, radius: number, light: number[]) => void}
   */
  #rings(x, y, radius, light) {
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        this.#set(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  }

  #drawVersion() {
    let rest = this.version;
    for (let n = 0; n < 12; n += 1) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (this.version << 12) | rest;
    for (let n = 0; n < 18; n += 1) {
      const [a, b] = [this.size - 11 + (n % 3), Math.floor(n / 3)];
      this.#set(a, b, Boolean((bits >>> n) & 1));
      this.#set(b, a, Boolean((bits >>> n) & 1));
    }
  }

  /** @param {number} mask */
  drawFormat(mask) {
    const { size } = this;
    const data = (LEVEL_M << 3) | mask;
    let rest = data;
    for (let n = 0; n < 10; n += 1) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    const bits = ((data << 10) | rest) ^ 0x5412;
    for (let n = 0; n < 15; n += 1) {
      const isDark = Boolean((bits >>> n) & 1);
      // Around the upper left corner, past the dotted lines; then along the other two.
      if (n < 8) this.#set(8, n < 6 ? n : n + 1, isDark);
      else this.#set(n === 8 ? 7 : 14 - n, 8, isDark);
      if (n < 8) this.#set(size - 1 - n, 8, isDark);
      else this.#set(8, size - 15 + n, isDark);
    }
    this.#set(8, size - 8, true);
  }

  /**
   * Bits go up and down in columns of two, from the right.
   * @param {number[]} bytes
   */
  drawData(bytes) {
    let bit = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5; // the dotted line
      for (let step = 0; step < this.size; step += 1) {
        const isUp = ((right + 1) & 2) === 0;
        const y = isUp ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.fixed[y][x]) continue;
          this.rows[y][x] = Boolean(((bytes[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1);
          bit += 1;
        }
      }
    }
  }

  /** @param {number} mask */
  flip(mask) {
    const isFlipped = MASKS[mask];
    this.rows.forEach((row, y) => row.forEach((isDark, x) => {
      if (!this.fixed[y][x] && isFlipped(x, y)) row[x] = !isDark;
    }));
  }
}

/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => (x * y) % 2 + (x * y) % 3 === 0, (x, y) => ((x * y) % 2 + (x * y) % 3) % 2 === 0,
  (x, y) => ((x + y) % 2 + (x * y) % 3) % 2 === 0,
];

// ---- the mask that is read most easily (section 7.8.3)

const LIKE_A_CORNER = ["10111010000", "00001011101"];

/** @param {string} line of modules, 1 is dark */
function penaltyOf(line) {
  let sum = 0;
  for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
  for (let at = 0; at + 11 <= line.length; at += 1) {
    if (LIKE_A_CORNER.includes(line.slice(at, at + 11))) sum += 40;
  }
  return sum;
}

/** @param {Rows} rows */
function penalty(rows) {
  const lines = rows.map((row) => row.map(Number).join(""));
  const columns = rows.map((_, x) => rows.map((row) => Number(row[x])).join(""));
  let sum = [...lines, ...columns].reduce((all, line) => all + penaltyOf(line), 0);
  for (let y = 1; y < rows.length; y += 1) {
    for (let x = 1; x < rows.length; x += 1) {
      const [a, b, c, d] = [rows[y][x], rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]];
      if (a === b && b === c && c === d) sum += 3;
    }
  }
  const dark = rows.flat().filter(Boolean).length / rows.length ** 2;
  return sum + 10 * Math.floor(Math.abs(dark * 100 - 50) / 5);
}

/**
 * The modules of a text's code, row by row, without the light border. Throws RangeError for a text
 * that is too long.
 * @param {string} text
 * @returns {Rows}
 */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length);
  const symbol = new Matrix(version);
  symbol.drawData(interleaved(dataBytes(bytes, version), version));
  let [best, least] = [0, Infinity];
  for (let mask = 0; mask < MASKS.length; mask += 1) {
    symbol.flip(mask);
    symbol.drawFormat(mask);
    const sum = penalty(symbol.rows);
    if (sum < least) [best, least] = [mask, sum];
    symbol.flip(mask); // twice is as before
  }
  symbol.flip(best);
  symbol.drawFormat(best);
  return symbol.rows;
}
