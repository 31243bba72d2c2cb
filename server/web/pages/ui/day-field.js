// A day as a date field has it, from and to Unix ms, in the time zone of the page.

/** @param {number} ms */
export function dayOf(ms) {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
}

/** @param {string} [day] */
export const beginOf = (day) => (day ? new Date(`${day}T00:00:00`).getTime() : 0);

/** @param {string} [day] */
export const endOf = (day) => new Date(`${day}T23:59:59`).getTime();
