// What is written one a line: points, flaws, proofs.

/** @import { Proof } from "../liveroom.js" */

/** @param {string} text */
export const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** @param {Proof[]} [proofs] */
export const proofText = (proofs = []) =>
  proofs.map(({ label, number = "", url = "" }) => [label, number, url].join(" | ").replace(/[ |]+$/u, "")).join("\n");

/**
 * The proofs somebody typed: "label | number | link" a line; a link may stand second.
 * @param {string} text
 * @returns {Proof[]}
 */
export const proofsIn = (text) => lines(text).map((line) => {
  const [label = "", ...rest] = line.split("|").map((part) => part.trim());
  const url = rest.find((part) => /^https?:/u.test(part));
  const number = rest.find((part) => part && part !== url);
  return { label, ...(number && { number }), ...(url && { url }) };
});
