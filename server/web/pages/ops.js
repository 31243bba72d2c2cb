// The operator page, /ops.

import "./ui/later-words.js";
import "./ui/work-words.js";
import { Featured } from "./ops/featured.js";
import { HeldWords } from "./ops/held.js";
import { ModerationLog } from "./ops/log.js";
import { ReportQueue } from "./ops/reports.js";
import { ServerReviews } from "./ops/reviews.js";
import { Searches } from "./ops/searches.js";
import { Topics } from "./ops/topics.js";
import { ServerWords } from "./ops/words.js";
import { tellOfConnection } from "./ui/connection.js";
import { h, icon, write } from "./ui/dom.js";
import { clock, date, duration, number, priceText, short } from "./ui/format.js";
import { say, writeAloud } from "./ui/front.js";
import { nav } from "./ui/nav.js";
import { Repeat } from "./ui/repeat.js";
import { rest, whoAmI } from "./ui/session.js";
import { t, whyNot } from "./ui/strings.js";

/** @import { Operations, PaymentCase, RevenueRow, WebhookEndpoint, WorkerReport } from "./ui/answers.js" */
/** @import { Key } from "./ui/strings.js" */

const READ_MS = 2000;
const REVENUE_MS = 30_000;
const WEBHOOKS_MS = 5000;
const REVENUE_ROWS_MAX = 60;

const session = await whoAmI();
const ready = h("p.ready");
const workers = h("tbody");
const redis = h("dl.ops-grid");
const records = h("dl.ops-grid");
const errors = h("ol.ops-errors");
const pageErrors = h("ol.ops-errors");
const revenue = h("tbody");
const cases = h("ol.ops-errors");
const webhooks = h("ol.ops-errors");
const revenueNote = h("p.fine");
/** @type {Map<string, {at: number, delivered: number, rate: number}>} */
const before = new Map(); // by worker: rates are differences

/** @type {Key[]} */
const COLUMNS = ["ops.worker", "ops.connections", "ops.rooms", "ops.delivered", "ops.loop_lag",
  "ops.bus_lag", "ops.gaps", "ops.uptime", "ops.seen"];

/** @param {number | null | undefined} seconds */
const ms = (seconds) => (seconds == null ? "–" : `${number(Math.round(seconds * 10_000) / 10)} ms`);

/** @param {WorkerReport} report */
function rate({ worker, at, delivered }) {
  const last = before.get(worker);
  if (last?.at === at) return last.rate;
  const perS = last ? Math.max(0, (delivered - last.delivered) / ((at - last.at) / 1000)) : 0;
  before.set(worker, { at, delivered, rate: perS });
  return perS;
}

/** @type {(worker: WorkerReport, now: number) => HTMLElement} */
function row(worker, now) {
  const byHttp = worker.event_streams ? ` (${number(worker.event_streams)} HTTP)` : "";
  const cells = [worker.worker, number(worker.connections) + byHttp, number(worker.rooms),
    short(Math.round(rate(worker))), ms(worker.loop_lag_s), ms(worker.bus_lag_s),
    number(worker.gap_fills), duration(now - worker.started),
    t("ops.ago", { n: Math.max(0, Math.round((now - worker.at) / 1000)) })];
  return h("tr", { data: { worker: worker.worker } },
    cells.map((text, i) => h(i ? "td" : "th", i ? {} : { scope: "row" }, text)));
}

/** @param {[words: Key, value: string]} figure */
const listed = ([key, value]) => h("div", { class: key === "ops.records_at" ? "whole" : "" }, h("dt", {}, t(key)), h("dd", {}, value));

/** @param {Operations} operations */
function draw({ now, ready: isReady, why, workers: all, redis: store, records: kept, errors: last,
  page_errors: reported = [] }) {
  ready.dataset.ready = String(isReady);
  writeAloud(ready, isReady ? t("ops.ready") : t("ops.not_ready", { why }));
  workers.replaceChildren(...all.map((worker) => row(worker, now)));
  /** @type {[words: Key, value: string][]} */
  const figures = store ? [
    ["ops.redis_version", `${store.program} ${store.version}`], ["ops.redis_ping", ms(store.ping_s)],
    ["ops.redis_memory", `${number(Math.round(store.memory_bytes / 104_857.6) / 10)} MB`],
    ["ops.redis_clients", number(store.clients)],
    ["ops.redis_ops", number(store.commands_per_s)], ["ops.redis_aof", store.durability],
  ] : [];
  redis.replaceChildren(...figures.map(listed));
  /** @type {[words: Key, value: string][]} */
  const archive = kept ? [
    ["ops.records_state", kept.ready ? t("ops.records_ready") : kept.why],
    ["ops.records_behind", duration(Math.round(kept.behind_s) * 1000)],
    ["ops.records_archived", number(kept.archived)], ["ops.records_at", kept.at],
  ] : [];
  records.replaceChildren(...archive.map(listed));
  errors.replaceChildren(...(last.length ? last.map(({ at, worker, logger, msg }) =>
    h("li", {}, h("span.fine", {}, `${clock(at)} · ${worker} · ${logger}`), h("p", {}, msg)))
    : [h("li.fine", {}, t("ops.no_errors"))]));
  pageErrors.replaceChildren(...(reported.length ? reported.map(
    ({ page, kind, name, at, count, last: lastAt }) => h("li", {},
      h("span.fine", {}, `${clock(lastAt)} · ${page} · ${t("ops.page_errors_n", { n: number(count) })}`),
      h("p", {}, [kind, name].filter(Boolean).join(" · ")),
      h("p.fine", {}, at.join(" < "))))
    : [h("li.fine", {}, t("ops.no_page_errors"))]));
}

/** @type {Key[]} */
const REVENUE_COLUMNS = ["ops.day", "ops.host", "figures.orders", "figures.units", "figures.gmv",
  "ops.returned", "figures.gmv_net"];

/** @param {RevenueRow} of */
function revenueRow({ day_ms, host = "", currency, orders, units, gross, returned, net }) {
  const cells = [date(day_ms), host, number(orders), number(units), priceText(gross, currency),
    priceText(returned, currency), priceText(net, currency)];
  return h("tr", { data: { host, currency } },
    cells.map((text, i) => h(i ? "td" : "th", i ? {} : { scope: "row" }, text)));
}

async function readRevenue() {
  try {
    /** @type {RevenueRow[]} */
    const rows = await rest("GET", "/v1/revenue");
    revenue.replaceChildren(...rows.slice(0, REVENUE_ROWS_MAX).map(revenueRow));
    write(revenueNote, rows.length === 0 ? t("ops.no_revenue")
      : rows.length > REVENUE_ROWS_MAX ? t("ops.more_revenue", { n: number(rows.length) }) : "");
  } catch (error) {
    write(revenueNote, whyNot(error));
    throw error; // so that the next reading comes later
  }
}

/** @param {PaymentCase} of */
function caseRow({ what, at, order, payment, amount, currency, reason, room, host }) {
  return h("li", { data: { what, order } },
    h("span.fine", {}, `${date(at)} ${clock(at)} · ${host} · ${room} · ${order} · ${payment}`),
    h("p", {}, `${t(`ops.case_${what}`)} · ${priceText(amount, currency)}`),
    reason ? h("p.fine", {}, reason) : null);
}

async function readCases() {
  try {
    /** @type {{cases: PaymentCase[]}} */
    const found = await rest("GET", "/v1/cases");
    cases.replaceChildren(...(found.cases.length ? found.cases.map(caseRow)
      : [h("li.fine", {}, t("ops.no_cases"))]));
  } catch (error) {
    cases.replaceChildren(h("li.fine", {}, whyNot(error)));
    throw error; // so that the next reading comes later
  }
}

/** @type {(endpoint: WebhookEndpoint, now: number) => HTMLElement} */
function webhookRow({ id, url, state, reason, behind }, now) {
  const waits = behind.lines
    ? t("ops.webhook_behind", { n: number(behind.lines), failing: number(behind.failing),
      time: duration(behind.since ? Math.max(0, now - behind.since) : 0) })
    : t("ops.webhook_caught_up");
  return h("li", { data: { webhook: id, state } },
    h("span.fine", {}, `${id} · ${url}`),
    h("p", {}, `${t(`ops.webhook_${state}`)} · ${waits}`),
    reason ? h("p.fine", {}, reason) : null);
}

async function readWebhooks() {
  try {
    /** @type {{endpoints: WebhookEndpoint[], now: number}} */
    const { endpoints, now } = await rest("GET", "/v1/webhooks");
    webhooks.replaceChildren(...(endpoints.length ? endpoints.map((each) => webhookRow(each, now))
      : [h("li.fine", {}, t("ops.no_webhooks"))]));
  } catch (error) {
    webhooks.replaceChildren(h("li.fine", {}, whyNot(error)));
    throw error; // so that the next reading comes later
  }
}

let readAt = Date.now();

/** Says itself how old the figures are, so a failure does not slow it down. */
async function read() {
  try {
    /** @type {Operations} */
    const operations = await rest("GET", "/v1/ops");
    draw(operations);
    readAt = Date.now();
  } catch (error) {
    const stale = `${t("ops.stale", { n: Math.round((Date.now() - readAt) / 1000) })} · ${
      whyNot(error)}`;
    if (ready.dataset.ready !== "unknown") say(stale); // once, though the seconds go on
    ready.dataset.ready = "unknown";
    write(ready, stale);
  }
}

document.title = `${t("ops.title")} · Liveroom`;
tellOfConnection();
document.body.append(nav(session, t("ops.title"), { roles: ["admin"] }));
if (session.you?.role === "admin") {
  const queue = new ReportQueue();
  const moderating = [queue, new HeldWords(), new ServerReviews(), new ServerWords(), new Topics(),
    new Featured(), new Searches(), new ModerationLog()];
  document.body.append(h("main.ops", {}, ready,
    h("section.ops-box", {}, h("h2", {}, t("ops.workers")), h("div.ops-scroll",
      { tabindex: "0", role: "region", "aria-label": t("ops.workers") }, h("table", {},
        h("thead", {}, h("tr", {}, COLUMNS.map((name) =>
          h("th", { scope: "col" }, t(name))))), workers))),
    h("section.ops-box", {}, h("h2", {}, t("ops.redis")), redis),
    h("section.ops-box", {}, h("h2", {}, t("ops.records")), records),
    h("section.ops-box.revenue", {}, h("h2", {}, t("ops.revenue")), revenueNote,
      h("div.ops-scroll", { tabindex: "0", role: "region", "aria-label": t("ops.revenue") },
        h("table", {}, h("thead", {}, h("tr", {}, REVENUE_COLUMNS.map((name) =>
          h("th", { scope: "col" }, t(name))))), revenue))),
    h("section.ops-box.cases", {}, h("h2", {}, t("ops.cases")), cases),
    h("section.ops-box.webhooks", {}, h("h2", {}, t("ops.webhooks")), webhooks),
    moderating.map(({ root }) => root),
    h("section.ops-box", {}, h("h2", {}, t("ops.errors")), errors),
    h("section.ops-box.page-errors", {}, h("h2", {}, t("ops.page_errors")), pageErrors)));
  for (const part of moderating) if (part !== queue) void part.read();
  new Repeat(WEBHOOKS_MS, () => queue.look()).start({ now: true });
  new Repeat(READ_MS, read).start({ now: true });
  new Repeat(REVENUE_MS, readRevenue).start({ now: true });
  new Repeat(REVENUE_MS, readCases).start({ now: true });
  new Repeat(WEBHOOKS_MS, readWebhooks).start({ now: true });
} else {
  document.body.append(h("main.ops", {}, h("div.empty", {}, icon("shield"), h("p", {}, t("ops.only")),
    h("a.primary.button", { href: "/" }, t("back")))));
}
