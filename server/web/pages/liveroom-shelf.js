// Reads a long shelf whole: a snapshot has its first products, those on sale and the pinned one.

/**
 * @import { Events, ShelfPage, WireProduct } from "./liveroom.js"
 * @typedef {(ended: boolean) => Promise<string | null | undefined>} TokenOf gets a token; `ended`: in
 *   place of one that was refused
 */

const PER_PAGE = 200;

/**
 * All products in their order, and those that were removed while it was read.
 * @param {string} address of the shelf
 * @param {TokenOf} tokenOf
 * @param {(listener: (event: Events["shelf"]) => void) => () => void} onShelf
 * @returns {Promise<{products: WireProduct[], gone: Set<string>}>}
 */
export async function readShelf(address, tokenOf, onShelf) {
  /** @type {Set<string>} */
  const gone = new Set();
  const off = onShelf(({ put, remove }) => {
    if (remove) gone.add(remove);
    if (put) gone.delete(put.sku);
  });
  /** @type {WireProduct[]} */
  const products = [];
  let token = await tokenOf(false);
  try {
    for (let cursor = /** @type {string | null} */ (""); cursor !== null;) {
      const at = `${address}?limit=${PER_PAGE}&cursor=${encodeURIComponent(cursor)}`;
      const page = await readPage(at, token).catch(async (error) => {
        const another = error.code === "bad_token" ? await tokenOf(true) : token;
        if (another === token) throw error;
        token = another;
        return readPage(at, token);
      });
      products.push(...page.products);
      cursor = page.next ?? null;
    }
  } finally {
    off();
  }
  return { products, gone };
}

/** @type {(address: string, token: string | null | undefined) => Promise<ShelfPage>} */
async function readPage(address, token) {
  const response = await fetch(address, token ? { headers: { Authorization: `Bearer ${token}` } } : {});
  const answer = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(answer.detail), { code: answer.code, unanswered: false });
  }
  return answer;
}
