// Hearts that rise from the button. One canvas, a bounded number of hearts, no work when none fly.

import { calm } from "./dom.js";

const HEARTS_MAX = 40;
const FLIGHT_MS = 1900;
const SHADES = ["#ff2d55", "#ff5c7c", "#ff8aa1", "#ffb3c1", "#e11d48"];

/**
 * @typedef {object} Heart one on its way
 * @property {number} from when it starts, by the clock of frames
 * @property {number} sway @property {number} turn @property {number} size @property {number} phase
 * @property {HTMLCanvasElement} sprite
 */

export class Hearts {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = penOf(canvas);
    /** @type {Heart[]} */
    this.flying = [];
    /** @type {number | null} */
    this.frame = null;
    this.sprites = SHADES.map(sprite);
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  #fit() {
    const scale = Math.min(2, devicePixelRatio);
    this.canvas.width = this.canvas.clientWidth * scale;
    this.canvas.height = this.canvas.clientHeight * scale;
  }

  /** Let `n` hearts rise. Asked for less motion, none do: the number says it. */
  send(n = 1) {
    if (calm() || document.hidden) return;
    const now = performance.now();
    for (let i = 0; i < Math.min(n, 8) && this.flying.length < HEARTS_MAX; i += 1) {
      this.flying.push({
        from: now + i * 70, sway: (Math.random() - 0.5) * 60, turn: (Math.random() - 0.5) * 0.9,
        size: 0.6 + Math.random() * 0.5, phase: Math.random() * 6,
        sprite: this.sprites[Math.floor(Math.random() * this.sprites.length)],
      });
    }
    this.frame ??= requestAnimationFrame((at) => this.#draw(at));
  }

  /** @param {number} now */
  #draw(now) {
    const { width, height } = this.canvas;
    this.pen.clearRect(0, 0, width, height);
    this.flying = this.flying.filter((heart) => now - heart.from < FLIGHT_MS);
    for (const heart of this.flying) {
      const part = (now - heart.from) / FLIGHT_MS;
      if (part < 0) continue;
      const eased = 1 - (1 - part) ** 2;
      const scale = heart.size * Math.min(1, part * 7) * (width / 120);
      this.pen.globalAlpha = part < 0.6 ? 1 : 1 - (part - 0.6) / 0.4;
      this.pen.setTransform(scale, 0, 0, scale,
        width / 2 + Math.sin(part * 5 + heart.phase) * 14 * scale + heart.sway * eased * scale,
        height - 20 * scale - eased * (height - 50 * scale));
      this.pen.rotate(heart.turn * eased);
      this.pen.drawImage(heart.sprite, -20, -20);
    }
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.globalAlpha = 1;
    this.frame = this.flying.length ? requestAnimationFrame((at) => this.#draw(at)) : null;
  }
}

/** @param {HTMLCanvasElement} canvas */
function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw on a canvas.");
  return pen;
}

/**
 * A heart drawn once; flying ones are copies.
 * @param {string} colour
 */
function sprite(colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 40;
  const pen = penOf(canvas);
  pen.fillStyle = colour;
  pen.translate(8, 8);
  pen.fill(new Path2D(
    "M12 21C6 17 2 13.500 2 8.800A5.300 5.300 0 0 1 12 6.200 5.300 5.300 0 0 1 22 8.800C22 13.500 18 17 12 21z"));
  return canvas;
}
