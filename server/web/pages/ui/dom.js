// Elements are built from values, never from markup: text can only ever become text.

import { needsIsolation } from "./bidi.js";
import { Repeat } from "./repeat.js";

/** @import { Child, Children, ElementOf, Props } from "./elements.js" */

const SVG = "http://www.w3.org/2000/svg";

/**
 * h("button.primary", {onclick, "aria-label": "..."}, "text", child, null)
 * Properties starting with `on` are listeners; `class`, `data` and `vars` (CSS variables) are
 * spelled out; everything else is an attribute; null, undefined and false leave it out. Text that
 * runs from right to left is put into a <bdi>, so that it can't reorder what stands beside it.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {Props<ElementOf<Tag>>} [props]
 * @param {Children[]} children
 * @returns {ElementOf<Tag>}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  set(element, props);
  if (element.matches(WRITTEN_IN)) element.setAttribute("dir", "auto");
  element.append(...children.flat(3).filter(stands).map((child) =>
    (typeof child === "string" && !ONLY_TEXT.has(name) ? apart(child) : child)));
  return /** @type {ElementOf<Tag>} */ (element); // createElement can't know it: it gets no classes
}

/** In these what people write decides the direction, letter by letter. */
const WRITTEN_IN = "textarea, input:not([dir], [type=radio], [type=checkbox], [type=range])";
/** These can't hold elements. */
const ONLY_TEXT = new Set(["bdi", "option", "textarea", "title"]);

/** @param {string} text */
const apart = (text) => (needsIsolation(text) ? h("bdi", {}, text) : text);

/** @type {(child: Child) => child is string | Node} */
const stands = (child) => child != null && child !== false;

/** @type {(element: HTMLElement, props: Props<never>) => void} */
function set(element, { class: classes, data, vars, ...others }) {
  if (classes) element.classList.add(...classes.split(" ").filter(Boolean));
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(vars ?? {})) {
    element.style.setProperty(name, String(value));
  }
  for (const [key, value] of Object.entries(others)) put(element, key, value);
}

/**
 * One listener or attribute.
 * @type {(element: HTMLElement, key: string, value: unknown) => void}
 */
function put(element, key, value) {
  if (value == null || value === false) return;
  // The server takes only such addresses, too; a link must never be able to run anything.
  if ((key === "href" || key === "src") && !/^(https?:|blob:|\/|#|\?)/i.test(String(value))) return;
  if (key.startsWith("on")) {
    element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
  } else element.setAttribute(key, value === true ? "" : String(value));
}

/**
 * An SVG element, the same way.
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number>} [props]
 * @param {SVGElement[]} children
 */
export function s(name, props = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(props)) {
    element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

const PATHS = {
  bag: "M6 8h12l1 12H5L6 8zm3 0V7a3 3 0 0 1 6 0v1",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4l2-2zm4 4.500h4",
  heart: "M12 20c-5-3.600-8.500-6.800-8.500-10.500A4.800 4.800 0 0 1 12 6.600a4.800 4.800 0 0 1 8.500 2.900C20.500 13.200 17 16.400 12 20z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-7-6 15-3-6-7-2z",
  list: "M7 4h10a1 1 0 0 1 1 1v15l-3-2-3 2-3-2-3 2V5a1 1 0 0 1 1-1zm2 5h6m-6 4h6",
  eye: "M2.500 12s3.500-6 9.500-6 9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3-1-6zm3 11v5",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6l1-7z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  check: "M5 12.500l4.500 4.500L19 7.500",
  edit: "M4 20h4L19 9l-4-4L4 16v4z",
  trash: "M5 7h14M10 7V5h4v2m-7 0l1 13h8l1-13",
  mute: "M4 10v4h4l5 4V6L8 10H4zm12 0l5 5m0-5l-5 5",
  horn: "M4 10v4l3 .5 1 4.500h3l-1-4 10 3V6L7 9.500 4 10z",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3.500 2",
  down: "M6 9l6 6 6-6",
  back: "M15 5l-7 7 7 7",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1m2 4a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  download: "M12 4v11m-5-5l5 5 5-5M5 20h14",
  keyboard: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 15h8",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20a7.500 7.500 0 0 1 15 0",
  undo: "M9 7L4 12l5 5M4 12h10a5 5 0 0 1 5 5v1",
  ask: "M4 5h16v11H9l-5 4V5zm6 3.500a2 2 0 1 1 2.500 2v1M12.500 13.500h.01",
  ticket: "M4 7h16v3.500a1.500 1.500 0 0 0 0 3V17H4v-3.500a1.500 1.500 0 0 0 0-3V7zm10 0v10",
  hammer: "M13 4l7 7-3 3-7-7 3-3zm-1 6l-8 8 2 2 8-8M13 21h8",
  gift: "M4 10h16v4H4zM6 14v6h12v-6M12 10v10M12 10c-4 0-5-1.500-5-3s2.500-2.500 5 3c2.500-5.500 5-4.500 5-3s-1 3-5 3z",
  poll: "M6 20V10M12 20V4M18 20v-7",
  shield: "M12 3l7 3v5c0 5-3.500 8-7 10-3.500-2-7-5-7-10V6l7-3z",
  star: "M12 4l2.500 5.200 5.500.8-4 4 1 5.700-5-2.700-5 2.700 1-5.700-4-4 5.500-.8L12 4z",
  play: "M8 5l11 7-11 7V5z",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zm4.700-1.800L20 20",
  box: "M4 8l8-4 8 4v8l-8 4-8-4V8zm0 0l8 4 8-4M12 12v8",
  sound: "M4 10v4h4l5 4V6L8 10H4zm12.500-1a4 4 0 0 1 0 6",
  drag: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  pip: "M4 5h16v14H4zm9 8h5v4h-5z",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * A line icon; it carries no meaning of its own, the button's label does.
 * @param {IconName} name
 */
export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" },
    s("path", { d: PATHS[name] }));
}

/**
 * A round button with an icon and a spoken label.
 * @param {IconName} name
 * @param {string} label
 * @param {() => unknown} onclick
 * @param {Props<HTMLButtonElement>} [props]
 */
export function iconButton(name, label, onclick, props = {}) {
  return h("button.icon-button", { type: "button", "aria-label": label, title: label, onclick,
    ...props }, icon(name));
}

/**
 * Write text only if it differs: no layout, no screen-reader chatter for what is unchanged.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.replaceChildren(apart(text));
}

/**
 * Run `draw` at most once a frame, however often it is asked for.
 * @param {() => void} draw
 */
export function onceAFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  };
}

/** Whether the person asked for less motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// One timer for all countdowns of a page. An entry ends when its element has left the page, or
// never came into it.
/** @type {Map<Element, {run: () => void, seen: boolean, strayTicks: number}>} */
const ticking = new Map();
const TICK_MS = 250;
const STRAY_TICKS_MAX = 20;
const ticks = new Repeat(TICK_MS, () => {
  for (const [element, entry] of ticking) {
    if (element.isConnected) {
      entry.strayTicks = 0;
      try {
        entry.run();
      } catch (error) {
        reportError(error); // the other countdowns go on
      }
    } else if ((entry.strayTicks += entry.seen ? STRAY_TICKS_MAX : 1) >= STRAY_TICKS_MAX) {
      ticking.delete(element);
    }
    entry.seen ||= element.isConnected;
  }
  if (ticking.size === 0) ticks.stop();
}, { aligned: true });

/**
 * Run `run` now and four times a second for as long as `element` is in the page.
 * @template {Element} E
 * @param {E} element
 * @param {() => void} run
 */
export function everyTick(element, run) {
  ticking.set(element, { run, seen: false, strayTicks: 0 });
  run();
  ticks.start();
  return element;
}

/**
 * Keep a list that scrolls sideways where its chosen part can be seen, also when the list or one of its
 * parts has another size. `show` after another part was chosen.
 * @type {(list: HTMLElement, chosen: () => HTMLElement | undefined) => {show: () => void}}
 */
export function keepInSight(list, chosen) {
  const show = () => {
    const part = chosen();
    if (part) list.scrollLeft += middle(part) - middle(list);
  };
  const sizes = new ResizeObserver(show);
  for (const each of [list, ...list.children]) sizes.observe(each);
  return { show };
}

/** @param {HTMLElement} part */
function middle(part) {
  const { left, right } = part.getBoundingClientRect();
  return (left + right) / 2;
}
