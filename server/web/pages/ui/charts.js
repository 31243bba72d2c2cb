// Small line and bar charts in SVG, each with its numbers as a table for those who prefer that.

import { h, s, write } from "./dom.js";
import { clock } from "./format.js";
import { t } from "./strings.js";

const WIDTH = 320;
const HEIGHT = 120;
const TABLE_ROWS_MAX = 30;

/**
 * @typedef {{at: number, value: number}} Point
 * @typedef {{title: string, words: (value: number) => string, bars: boolean, now: HTMLElement,
 *   picture: SVGElement, from: HTMLElement, to: HTMLElement, top: HTMLElement,
 *   table: HTMLElement}} Parts what is drawn anew
 */

/**
 * @param {string} title
 * @param {{bars?: boolean, words: (value: number) => string}} options
 * @returns {{root: HTMLElement, update(points: Point[]): void}} points by time
 */
export function chart(title, { bars = false, words }) {
  const now = h("b.chart-now");
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none",
    class: "chart-svg", role: "img", "aria-label": `${title}: ${t("chart.empty")}` });
  const [from, to] = [h("span"), h("span")];
  const ends = h("p.chart-ends.fine", {}, from, to);
  const top = h("span.chart-top.fine");
  const table = h("table.chart-table", { hidden: true });
  const toggle = h("button.quiet.small-button", { type: "button", "aria-expanded": "false" },
    t("chart.table"));
  toggle.addEventListener("click", () => {
    table.hidden = !table.hidden;
    frame.hidden = !table.hidden;
    toggle.setAttribute("aria-expanded", String(!table.hidden));
    write(toggle, t(table.hidden ? "chart.table" : "chart.chart"));
  });
  const frame = h("div.chart-frame", {}, top, picture, ends);
  const root = h("figure.chart", {},
    h("figcaption", {}, h("span", {}, title), now, toggle), frame, table);
  return { root, update: (points) => draw({ title, now, picture, from, to, top, table, words,
    bars }, points) };
}

/** @type {(parts: Parts, points: Point[]) => void} */
function draw(parts, points) {
  const { title, now, picture, from, to, top, table, words, bars } = parts;
  const last = points.at(-1);
  write(now, last ? words(last.value) : "–");
  const max = niceMax(Math.max(0, ...points.map(({ value }) => value)));
  picture.setAttribute("aria-label",
    last ? `${title}: ${words(last.value)}` : `${title}: ${t("chart.empty")}`);
  picture.replaceChildren(...grid(), ...(points.length ? (bars ? columns : line)(points, max) : []));
  write(top, points.length ? words(max) : t("chart.empty"));
  write(from, points.length > 1 ? clock(points[0].at, false) : "");
  write(to, last ? clock(last.at, false) : "");
  table.replaceChildren(
    h("caption.only-aloud", {}, title),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("chart.time")),
      h("th", { scope: "col" }, title))),
    h("tbody", {}, points.slice(-TABLE_ROWS_MAX).reverse().map(({ at, value }) =>
      h("tr", {}, h("td", {}, clock(at)), h("td", {}, words(value))))));
}

/**
 * 1, 2, 5 times a power of ten: a top line that people can read.
 * @param {number} max
 */
function niceMax(max) {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 5].find((step) => step * power >= max) ?? 10) * power;
}

/** @type {(value: number, max: number) => number} */
const y = (value, max) => HEIGHT - 2 - (value / max) * (HEIGHT - 8);

function grid() {
  return [0.25, 0.5, 0.75, 1].map((part) => s("line", { class: "chart-grid", x1: 0, x2: WIDTH,
    y1: y(part, 1), y2: y(part, 1) }));
}

/** @type {(points: Point[], max: number) => SVGElement[]} */
function line(points, max) {
  const from = points[0].at;
  const span = Math.max(1, points[points.length - 1].at - from);
  const places = points.map(({ at, value }) =>
    `${(((at - from) / span) * WIDTH).toFixed(1)} ${y(value, max).toFixed(1)}`);
  if (places.length === 1) places.push(`${WIDTH} ${y(points[0].value, max).toFixed(1)}`);
  const path = `M${places.join("L")}`;
  return [s("path", { class: "chart-area", d: `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z` }),
    s("path", { class: "chart-line", d: path })];
}

/** @type {(points: Point[], max: number) => SVGElement[]} */
function columns(points, max) {
  const width = WIDTH / Math.max(12, points.length);
  return points.map(({ value }, i) => s("rect", { class: "chart-bar", x: i * width + 1,
    width: Math.max(1, width - 2), y: y(value, max), height: HEIGHT - y(value, max), rx: 1.5 }));
}

/** Values over time, thinned out as they grow older than what fits. */
export class Series {
  constructor(pointsMax = 240) {
    /** @type {Point[]} */
    this.points = [];
    this.pointsMax = pointsMax;
  }

  /** @type {(at: number, value: number) => void} */
  add(at, value) {
    const last = this.points.at(-1);
    if (last && last.at === at) last.value = value;
    else this.points.push({ at, value });
    if (this.points.length > this.pointsMax) {
      this.points = this.points.filter((_, i) => i % 2 === 0 || i === this.points.length - 1);
    }
  }
}
