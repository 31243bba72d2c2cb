"""Lists that go on by a page: what is shown when answers are late, come twice or not at all."""

from typing import Any

from server.web.assets import ASSETS
from tests.browser.conftest import OpenPage
from tests.browser.shop import Server

LISTED = """async (files) => {
  const { PagedList, everyPage } = await import(`${files}/ui/paged-list.js`);
  const { h } = await import(`${files}/ui/dom.js`);
  const asked = [];
  const ask = (from) => new Promise((answer, fail) => asked.push({ from, answer, fail }));
  const list = new PagedList(ask, ({ rows }) => rows.map((row) => h("li", {}, row)),
    { list: h("ol"), none: h("p", {}, "none") });
  const shown = () => ({ rows: list.list.textContent, none: !list.none.hidden,
    more: !list.more.hidden, trouble: list.trouble.textContent !== "" });
  const later = () => new Promise((done) => { setTimeout(done); });
  const seen = {};

  const [old, newer] = [list.read(), list.read()]; // something else was typed meanwhile
  asked[1].answer({ rows: ["new"], next: 5 });
  await newer;
  asked[0].answer({ rows: ["old"], next: null });
  await old;
  seen.newest = shown();

  list.more.click();
  list.more.click(); // impatient
  seen.requests = asked.length;
  asked[2].fail(new Error("away"));
  await later();
  seen.failed = shown();
  list.more.click();
  seen.again = asked[3].from;
  asked[3].answer({ rows: ["er"], next: null });
  await later();
  seen.whole = shown();

  const empty = list.read();
  asked[4].answer({ rows: [], next: null });
  await empty;
  seen.empty = shown();

  const pages = { first: { rows: "a", next: 2 }, 2: { rows: "b", next: null } };
  seen.every = "";
  const every = everyPage(async (from) => pages[from ?? "first"]);
  for await (const { rows } of every) seen.every += rows;
  return seen;
}"""


def _look(rows: str, *, none: bool = False, more: bool = False, trouble: bool = False) -> Any:
    return {"rows": rows, "none": none, "more": more, "trouble": trouble}


async def test_a_list_shows_the_newest_answer_each_page_once_and_tries_again(
    server: Server, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/")
    seen = await page.evaluate(LISTED, f"/static/{ASSETS.digest}")
    assert seen == {
        "newest": _look("new", more=True),
        "requests": 3,
        "failed": _look("new", more=True, trouble=True),
        "again": 5,
        "whole": _look("newer"),
        "empty": _look("", none=True),
        "every": "ab",
    }
