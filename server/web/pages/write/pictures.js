// The pictures of a note that is being written: chosen, sent at once, put in order, taken out.

import { h, icon, iconButton, write } from "../ui/dom.js";
import { percent } from "../ui/format.js";
import { sentenceOf } from "../ui/forms.js";
import { writeAloud } from "../ui/front.js";
import { t } from "../ui/strings.js";
import { drawn, lightened, send } from "./sending.js";

/**
 * @import { Picture } from "../ui/answers-of-notes.js"
 * @typedef {{tile: HTMLLIElement, file: File | null, picture: Picture | null, failed: boolean,
 *   leave: AbortController}} Chosen
 */

export const PICTURES_MAX = 18;
const AT_ONCE = 2;
const PREVIEW_SIDE = 320;
const TYPES = "image/jpeg,image/png,image/webp,image/avif,image/gif";

export class Pictures {
  /** @type {Chosen[]} */
  #chosen = [];
  #sending = 0;

  /**
   * @param {Picture[]} known
   * @param {() => void} onChange
   */
  constructor(known, onChange) {
    this.onChange = onChange;
    this.input = h("input", { type: "file", name: "pictures", accept: TYPES, multiple: true, hidden: true,
      onchange: () => { this.#choose([...this.input.files ?? []]); this.input.value = ""; } });
    this.add = h("button.write-add", { type: "button", data: { do: "add-pictures" },
      onclick: () => this.input.click() }, icon("plus"), h("span", {}, t("write.add")));
    this.list = h("ol.write-pictures", { "aria-label": t("write.pictures") });
    this.error = h("p.form-error");
    this.root = h("section.write-part", { data: { section: "pictures" } },
      this.input, this.list,
      h("p.fine", {}, t("write.pictures_hint", { n: PICTURES_MAX })), this.error);
    for (const picture of known) this.#put({ ...this.#empty(), picture });
    this.#draw();
  }

  /** What was sent, in order. */
  get sent() { return this.#chosen.flatMap(({ picture }) => (picture ? [picture] : [])); }

  get isSending() { return this.#chosen.some(({ picture, failed }) => !picture && !failed); }

  get hasFailed() { return this.#chosen.some(({ failed }) => failed); }

  /** @returns {Chosen} */
  #empty() {
    return { tile: h("li.write-picture"), file: null, picture: null, failed: false,
      leave: new AbortController() };
  }

  /** @param {File[]} files */
  #choose(files) {
    const pictures = files.filter(({ type }) => type.startsWith("image/"));
    const stranger = files.find(({ type }) => !type.startsWith("image/"));
    const room = PICTURES_MAX - this.#chosen.length;
    for (const file of pictures.slice(0, room)) this.#put({ ...this.#empty(), file });
    writeAloud(this.error, pictures.length > room ? t("write.too_many", { n: PICTURES_MAX })
      : stranger ? t("write.no_picture", { name: stranger.name }) : "");
    this.#draw();
    this.#next();
  }

  /** @param {Chosen} chosen */
  #put(chosen) {
    this.#chosen.push(chosen);
    if (chosen.file) void this.#preview(chosen, chosen.file);
  }

  /**
   * What was chosen is seen before it is sent; the policy of the pages has no addresses of blobs.
   * @type {(chosen: Chosen, file: File) => Promise<void>}
   */
  async #preview({ tile }, file) {
    try {
      const image = await createImageBitmap(file);
      tile.prepend(h("span.write-preview", {}, drawn(image, PREVIEW_SIDE)));
      image.close();
    } catch {
      tile.prepend(h("span.write-preview.fine", {}, file.name));
    }
  }

  #next() {
    if (this.#sending >= AT_ONCE) return;
    const next = this.#chosen.find(({ file, picture, failed, tile }) =>
      file && !picture && !failed && !tile.dataset.sending);
    if (!next) return;
    void this.#send(next);
    this.#next();
  }

  /** @param {Chosen} chosen */
  async #send(chosen) {
    const { tile, file, leave } = chosen;
    if (!file) return;
    this.#sending += 1;
    tile.dataset.sending = "yes";
    this.#drawTile(chosen);
    try {
      const body = await lightened(file);
      if (leave.signal.aborted) return;
      chosen.picture = await send(body, (part) => this.#progress(chosen, part), leave.signal);
    } catch (error) {
      chosen.failed = true;
      writeAloud(this.error, sentenceOf(error));
    } finally {
      delete tile.dataset.sending;
      this.#sending -= 1;
      this.#draw();
      this.#next();
    }
  }

  /** @type {(chosen: Chosen, part: number) => void} */
  #progress({ tile }, part) {
    tile.style.setProperty("--part", String(part));
    const words = tile.querySelector(".write-progress");
    if (words) write(words, t("write.sending", { n: percent(Math.floor(part * 100) / 100) }));
  }

  /** @type {(chosen: Chosen, step: number) => void} */
  #move(chosen, step) {
    const from = this.#chosen.indexOf(chosen);
    this.#chosen.splice(from, 1);
    this.#chosen.splice(from + step, 0, chosen);
    this.#draw();
    const does = step < 0 ? "earlier" : "later";
    /** @type {HTMLElement | null} */
    const same = chosen.tile.querySelector(`[data-do="${does}"]`);
    (same ?? /** @type {HTMLElement | null} */ (chosen.tile.querySelector("button")))?.focus();
  }

  /** @param {Chosen} chosen */
  #takeOut(chosen) {
    chosen.leave.abort();
    this.#chosen = this.#chosen.filter((each) => each !== chosen);
    if (chosen.failed) writeAloud(this.error, "");
    this.#draw();
    this.add.focus();
  }

  #draw() {
    this.#chosen.forEach((chosen) => this.#drawTile(chosen));
    this.list.replaceChildren(...this.#chosen.map(({ tile }) => tile),
      ...(this.#chosen.length < PICTURES_MAX ? [h("li.write-picture", {}, this.add)] : []));
    this.onChange();
  }

  /** @param {Chosen} chosen */
  #drawTile(chosen) {
    const { tile, picture, failed } = chosen;
    const index = this.#chosen.indexOf(chosen);
    const n = index + 1;
    const preview = tile.querySelector(".write-preview")
      ?? (picture && h("span.write-preview", {}, h("img", { src: `${picture.link}/small`, alt: "" })));
    tile.dataset.state = picture ? "sent" : failed ? "failed" : "sending";
    tile.replaceChildren(...[
      preview,
      index === 0 && h("span.write-cover", {}, t("write.cover")),
      !picture && !failed && h("span.write-progress", {}, t("write.waiting")),
      failed && h("button.plain.small-button.write-again", { type: "button", data: { do: "again" },
        onclick: () => { chosen.failed = false; writeAloud(this.error, ""); this.#draw(); this.#next(); } },
      t("write.again")),
      iconButton("close", t("write.take_out", { n }), () => this.#takeOut(chosen), { data: { do: "take-out" } }),
      picture && h("span.write-order", {},
        index > 0 && iconButton("back", t("write.earlier", { n }), () => this.#move(chosen, -1),
          { data: { do: "earlier" } }),
        index < this.#chosen.length - 1 && iconButton("back", t("write.later", { n }),
          () => this.#move(chosen, 1), { data: { do: "later" } })),
    ].filter((part) => part instanceof Node));
  }
}
