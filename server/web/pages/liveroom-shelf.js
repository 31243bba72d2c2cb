// Reads a long shelf whole: a snapshot has its first products, those on sale and the pinned one.

/** @import { Events, ShelfPage, WireProduct } from "./liveroom.js" */

const PER_PAGE = 200;

/**
 * All products in their order, and those that were removed while it was read.
 * @param {string} address of the shelf
 * @param {string | null | undefined} token
 * @param {(listener: (event: Events["shelf"]) => void) => () => void} onShelf
 * @returns {Promise<{products: WireProduct[], gone: Set<string>}>}
 */
export async function readShelf(address, token, onShelf) {
  /** @type {Set<string>} */
  const gone = new Set();
  const off = onShelf(({ put, remove }) => {
    if (remove) gone.add(remove);
    if (put) gone.delete(put.sku);
  });
  /** @type {WireProduct[]} */
  const products = [];
  try {
    for (let cursor = /** @type {string | null} */ (""); cursor !== null;) {
      const page = await readPage(`${address}?limit=${PER_PAGE}&cursor=${encodeURIComponent(cursor)}`, token);
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
