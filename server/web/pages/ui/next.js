// Where to go after something was done: the one place that decides it.

/**
 * The address to go on to: a path of this server, or "/".
 *
 * A path may begin with two slashes only after it was read (`/..//evil.example`), and would then
 * name another host when it is read once more. So what is given back is a whole address.
 * @param {string | null | undefined} asked what the page's address says, so anything at all
 * @param {string} origin location.origin
 */
export function whereNext(asked, origin) {
  const home = `${origin}/`;
  if (!asked || !asked.startsWith("/")) return home;
  let url;
  try {
    url = new URL(asked, home);
  } catch {
    return home;
  }
  if (url.origin !== origin || /^\/[/\\]/.test(url.pathname)) return home;
  return `${origin}${url.pathname}${url.search}${url.hash}`;
}
