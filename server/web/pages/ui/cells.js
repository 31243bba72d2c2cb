// Tables as text: comma-separated values (RFC 4180), or what a spreadsheet pastes.

/**
 * A value as one cell.
 * @param {string | number} value
 */
export const cell = (value) =>
  (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

/**
 * The cells of each line: commas, or tabs as spreadsheets paste them; quoted cells may hold either.
 * @param {string} text
 * @returns {string[][]}
 */
export function cellsIn(text) {
  const separator = text.split("\n", 1)[0].includes("\t") ? "\t" : ",";
  /** @type {string[][]} */
  const lines = [[]];
  let at = "";
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (quoted && char === '"' && text[i + 1] === '"') { at += '"'; i += 1; }
    else if (char === '"' && (quoted || at.trim() === "")) { quoted = !quoted; at = quoted ? "" : at; }
    else if (char === separator && !quoted) { lines.at(-1)?.push(at.trim()); at = ""; }
    else if (char === "\n" && !quoted) { lines.at(-1)?.push(at.trim()); lines.push([]); at = ""; }
    else if (char !== "\r") at += char;
  }
  lines.at(-1)?.push(at.trim());
  return lines.filter((cells) => cells.some(Boolean));
}
