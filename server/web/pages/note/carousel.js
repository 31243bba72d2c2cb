// The pictures of a note, side by side: swiped on a phone, turned by arrows elsewhere.

import { calm, h, iconButton, write } from "../ui/dom.js";
import { posterVars } from "../ui/poster.js";
import { t } from "../ui/strings.js";

/**
 * @import { Note, Picture } from "../ui/answers-of-notes.js"
 */

const TALLEST = 4 / 3; // height by width: a taller picture is seen whole in a frame of this
const FLATTEST = 3 / 4;

/**
 * Without a picture a note shows its title on a quiet ground, as in lists.
 * @type {(note: Pick<Note, "note" | "title" | "pictures">) => HTMLElement}
 */
export function carousel({ note, title, pictures }) {
  const [first] = pictures;
  if (!first) {
    return h("div.note-pictures.note-words-only", { vars: { "--shape": "1" } },
      h("div.poster", { vars: posterVars(note + title), "aria-hidden": "true" },
        h("div.poster-words", {}, h("p.poster-title", {}, title))));
  }
  const shape = Math.min(TALLEST, Math.max(FLATTEST, first.h / first.w));
  const slides = pictures.map((picture, index) => slide(picture, index, pictures.length));
  if (slides.length === 1) {
    return h("div.note-pictures", { vars: { "--shape": shape } }, h("div.slides", {}, slides));
  }
  return turning(slides, shape);
}

/** @type {(slides: HTMLElement[], shape: number) => HTMLElement} */
function turning(slides, shape) {
  const count = slides.length;
  let shown = 0;
  const place = h("p.slide-count", { "aria-hidden": "true" });
  // What scrolls must be reached by keyboard: the arrows then turn it.
  const list = h("div.slides", { tabindex: "0", role: "group", "aria-label": t("note.pictures", { n: count }) },
    slides);
  /** @param {number} to */
  const show = (to) => list.scrollTo({ left: to * list.clientWidth,
    behavior: calm() ? "instant" : "smooth" });
  const before = iconButton("back", t("note.before"), () => show(shown - 1), { class: "slide-before" });
  const after = iconButton("back", t("note.after"), () => show(shown + 1), { class: "slide-after" });
  const dots = slides.map(() => h("i.slide-dot"));
  const draw = () => {
    shown = Math.min(count - 1, Math.max(0, Math.round(list.scrollLeft / (list.clientWidth || 1))));
    write(place, `${shown + 1}/${count}`);
    before.hidden = shown === 0;
    after.hidden = shown === count - 1;
    dots.forEach((dot, index) => dot.classList.toggle("on", index === shown));
  };
  list.addEventListener("scroll", draw, { passive: true });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(shown + step);
  });
  draw();
  return h("div.note-pictures", { vars: { "--shape": shape } }, list, place, before, after,
    h("div.slide-dots", { "aria-hidden": "true" }, dots));
}

/** @type {(picture: Picture, index: number, all: number) => HTMLElement} */
function slide({ link, w, h: height }, index, all) {
  return h("div.slide", {}, h("img", { src: link, width: w, height,
    alt: t("note.picture", { n: index + 1, all }),
    loading: index ? "lazy" : "eager", fetchpriority: index ? "auto" : "high" }));
}
