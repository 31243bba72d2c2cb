// Who the browser is signed in as, and changing that. The token itself is in an HttpOnly cookie.

import { inTime } from "./connection.js";
import { h } from "./dom.js";
import { openSheet } from "./sheet.js";
import { failureOf, t, whyNot } from "./strings.js";

/** @import { DevSignIn, Session } from "./answers.js" */
/** @typedef {"viewer" | "host" | "admin"} DevRole that one click makes of anybody */

const REST_MS_MAX = 30_000;
const FILE_MS_MAX = 600_000; // a large file on a slow line

/**
 * Ask the server; rejects as `Room` does where no answer comes.
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<Response>}
 */
async function ask(path, request) {
  try {
    return await fetch(path, request);
  } catch (thrown) {
    const code = failureOf(thrown).name === "TimeoutError" ? "timeout" : "disconnected";
    throw Object.assign(new Error(`There was no answer from ${path}.`),
      { code, unanswered: request.method !== "GET" });
  }
}

/**
 * REST with the session's cookie; rejects with the server's sentence, its `code` and `status`.
 * @template [Answer=unknown] one of answers.d.ts
 * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @param {string} [key] of a POST that is done once, however often it is sent
 * @returns {Promise<Answer>}
 */
export async function rest(method, path, body, key) {
  return answerOf(await inTime(ask(path, {
    method,
    headers: {
      ...(body && { "Content-Type": "application/json" }),
      ...(key && { "Idempotency-Key": key }),
    },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(REST_MS_MAX),
  })));
}

/**
 * REST with a file as the body; answers and rejects as `rest` does. A large file is not a slow line.
 * @template [Answer=unknown] one of answers.d.ts
 * @param {"POST" | "PUT"} method
 * @param {string} path
 * @param {File} file
 * @param {string} type
 * @returns {Promise<Answer>}
 */
export async function sendFile(method, path, file, type) {
  return answerOf(await ask(path, { method, body: file, headers: { "Content-Type": type },
    signal: AbortSignal.timeout(FILE_MS_MAX) }));
}

/** @param {Response} response */
async function answerOf(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    // A request is refused by a problem (RFC 9457), a command as on a socket.
    const { code = "", detail, msg } = answer;
    const said = detail ?? msg ?? `${response.status}`;
    throw Object.assign(new Error(said), { code, status: response.status });
  }
  return answer;
}

/**
 * Nobody, if the server cannot say.
 * @returns {Promise<Session>}
 */
export async function whoAmI() {
  try {
    return await rest("GET", "/v1/session");
  } catch {
    return { you: null, dev: false };
  }
}

/** @param {string} token */
export const signIn = (token) => rest("POST", "/v1/session", { token });
export const signOut = () => rest("DELETE", "/v1/session");
/**
 * Development mode only: be anybody.
 * @param {DevSignIn} who
 */
export const signInDev = (who) => rest("POST", "/v1/session/dev", who);

const NAMES = ["夏至", "阿布", "Nora", "木木", "Léa", "七七", "Sam", "一口甜", "Mia", "北岸"];

export const someName = () => NAMES[Math.floor(Math.random() * NAMES.length)];

/** @typedef {{host: string, host_name: string}} Owner of a room: nobody else may sell in it */

/**
 * The buttons of development mode. A room's `owner` stands in for a host of its own.
 * @param {DevRole[]} roles
 * @param {{owner?: Owner | null, then: () => void}} options
 */
export function devButtons(roles, { owner, then }) {
  const name = owner ? owner.host_name || owner.host : "";
  /** @param {DevRole} role */
  const enter = (role) => async () => {
    const whom = role === "host" && owner ? { user: owner.host, name }
      : { name: role === "viewer" ? someName() : t(`role.${role}`) };
    await signInDev({ role, ...whom });
    then();
  };
  return h("div.stack", {},
    owner && h("p", { data: { belongs: owner.host } }, t("host.belongs", { name })),
    h("p.fine", {}, t("signin.dev")),
    roles.map((role) => h("button.wide", { type: "button", class: role === roles[0] ? "primary"
      : "plain", onclick: enter(role), data: { role } }, role === "host" && owner
      ? t("host.continue", { name }) : t(`signin.as_${role}`))));
}

/**
 * What a page shows who is not signed in: why to, and how; the page is loaded again then.
 * @param {string} words
 * @param {Session} session
 * @param {DevRole[]} roles of the buttons of development mode
 */
export function signInBox(words, session, roles) {
  const again = () => location.reload();
  return h("section.me-box.me-signin", {}, h("p", {}, words),
    session.dev && devButtons(roles, { then: again }), tokenForm(again));
}

/**
 * The owner of the room whose console or page is at `path`; null if there is none.
 * @param {string} path
 * @returns {Promise<Owner | null>}
 */
export async function ownerAt(path) {
  const [, room] = /^\/(?:host|watch)\/([^/?#]+)/.exec(path) ?? [];
  if (!room) return null;
  try {
    return await rest("GET", `/v1/rooms/${room}`);
  } catch {
    return null; // the page itself says what is wrong
  }
}

/**
 * The form that exchanges a token for the cookie.
 * @param {() => void} then
 */
export function tokenForm(then) {
  const error = h("p.form-error", { role: "alert" });
  const field = h("input", { type: "password", name: "token", autocomplete: "off", required: true,
    spellcheck: "false", id: "token-field" });
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    try {
      await signIn(field.value.trim());
      then();
    } catch (failed) {
      error.textContent = t("signin.failed", { why: failureOf(failed).code === "bad_token"
        ? t("signin.bad_token") : whyNot(failed) });
    }
  };
  return h("form.stack", { onsubmit: submit },
    h("label", { for: "token-field" }, t("signin.token")), field,
    h("p.fine", {}, t("signin.hint")), error,
    h("button.plain.wide", { type: "submit" }, t("signin")));
}

/**
 * Sign in without leaving the page.
 * @param {{roles?: DevRole[], why?: string, then: () => void}} options
 */
export async function openSignIn({ roles = ["viewer"], why, then }) {
  const { dev } = await whoAmI();
  openSheet(t("signin"), () => h("div.stack", {},
    why && h("p", {}, why),
    dev && devButtons(roles, { then }),
    tokenForm(then)));
}
