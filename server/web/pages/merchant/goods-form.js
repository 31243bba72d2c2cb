// The sheet in which goods and their variants are written.

import { h, icon } from "../ui/dom.js";
import { minorUnits } from "../ui/format.js";
import { field, formSheet, minor, whole } from "../ui/forms.js";
import { lines, proofsIn, proofText } from "../ui/lines.js";
import { t } from "../ui/strings.js";

/**
 * @import { Goods, Variant } from "./answers.js"
 */

const ID = "[A-Za-z0-9_.:@\\-]+";

/**
 * Send `save(id, body)` what was written. `goods` null: new ones.
 * @param {Goods | null} goods
 * @param {(id: string, body: object) => Promise<unknown>} save
 */
export function goodsForm(goods, save) {
  const variants = h("div.variant-fields");
  let count = 0;
  /** @param {Variant} [known] */
  const add = (known) => {
    const fields = variantFields((count += 1), known, () => fields.remove());
    variants.append(fields);
  };
  if (goods) goods.variants.forEach(add);
  else add();
  const text = (/** @type {string} */ name, /** @type {string} */ value) =>
    field(name, t(`merchant.${/** @type {"points"} */ (name)}`), { value }, "textarea");
  formSheet(t(goods ? "merchant.change_goods" : "merchant.new_goods"), [
    field("title", t("merchant.name"), { required: true, maxlength: "200", value: goods?.title }),
    !goods && field("goods", t("merchant.id"), { required: true, maxlength: "64", pattern: ID,
      spellcheck: "false" }),
    field("tags", t("merchant.tags"), { value: goods?.tags.join(" "), maxlength: "400" }),
    text("description", goods?.description ?? ""),
    field("image", t("merchant.image"), { type: "text", inputmode: "url", maxlength: "2000",
      value: goods?.image }),
    text("points", goods?.points.join("\n") ?? ""),
    text("flaws", goods?.flaws.join("\n") ?? ""),
    text("proofs", proofText(goods?.proofs)),
    h("h3", {}, t("merchant.variants")), variants,
    h("button.plain.wide", { type: "button", data: { do: "add-variant" }, onclick: () => add() },
      icon("plus"), t("merchant.add_variant")),
  ], t("save"), async (typed) => {
    const { title, tags = "", description = "", image, goods: id = "" } = typed;
    const { points = "", flaws = "", proofs = "" } = typed;
    await save(goods?.goods ?? id, {
      title, tags: tags.split(/\s+/).filter(Boolean), description, image: image || null,
      url: goods?.url ?? null, state: "active", version: goods?.version ?? 0,
      points: lines(points), flaws: lines(flaws), proofs: proofsIn(proofs),
      variants: [...variants.children].map((fields) => variantIn(fields)),
    });
  });
}

/**
 * @param {number} nth
 * @param {Variant | undefined} known
 * @param {() => void} remove
 */
function variantFields(nth, known, remove) {
  const price = known ? String(known.price / minorUnits(known.currency)) : "";
  const options = Object.entries(known?.options ?? {}).map(([name, value]) => `${name}: ${value}`);
  /** @type {typeof field} */
  const one = (name, label, props, tag) => field(`${name}-${nth}`, label, props, tag);
  return h("fieldset.variant-set", { data: { known: known ? "yes" : "" } },
    h("legend.only-aloud", {}, t("merchant.variant_n", { n: String(nth) })),
    h("div.me-pair", {},
      one("sku", t("merchant.sku"), { required: true, maxlength: "39", pattern: ID,
        spellcheck: "false", readonly: Boolean(known), value: known?.sku }),
      one("options", t("merchant.options"), { value: options.join("; "),
        placeholder: t("merchant.options_example") })),
    h("div.me-pair", {},
      one("price", t("form.price"), { required: true, inputmode: "decimal", value: price }),
      one("currency", t("form.currency"), { required: true, maxlength: "3", pattern: "[A-Z]{3}",
        value: known?.currency ?? "CNY" })),
    h("div.me-pair", {},
      one("weight", t("merchant.weight"), { ...whole, min: "0", max: "10000000", required: false,
        value: known?.weight }),
      known ? one("image", t("merchant.image"), { inputmode: "url", value: known.image })
        : one("stock", t("merchant.units"), { ...whole, min: "0", value: "0" })),
    h("button.quiet", { type: "button", data: { do: "remove-variant" }, onclick: remove },
      t("me.address_remove")));
}

/** @param {Element} fields */
function variantIn(fields) {
  /** @param {string} name */
  const typed = (name) => {
    /** @type {HTMLInputElement | null} */
    const input = fields.querySelector(`[name^="${name}-"]`);
    return input?.value.trim() ?? "";
  };
  const currency = typed("currency");
  const options = typed("options").split(/[;；\n]/).map((part) => part.trim()).filter(Boolean)
    .map((part) => {
      const [name = "", ...value] = part.split(/[:：]/);
      return [name.trim(), value.join(":").trim()];
    });
  return {
    sku: typed("sku"), price: minor(typed("price"), currency), currency,
    options: Object.fromEntries(options), image: typed("image") || null,
    weight: typed("weight") ? Number(typed("weight")) : null,
    ...(typed("stock") && { stock: Number(typed("stock")) }),
  };
}
