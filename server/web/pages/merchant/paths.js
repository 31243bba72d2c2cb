// Where things of a merchant are in REST.

/** @param {string} merchant */
export const pathOf = (merchant) => `/v1/merchants/${encodeURIComponent(merchant)}`;

/** @type {(merchant: string, goods: string) => string} */
export const goodsPath = (merchant, goods) =>
  `${pathOf(merchant)}/goods/${encodeURIComponent(goods)}`;

/** @type {(merchant: string, sku: string) => string} */
export const stockPath = (merchant, sku) =>
  `${pathOf(merchant)}/skus/${encodeURIComponent(sku)}/stock`;
