"""host/figures.js: numbers and findings in words, also where there is nothing to divide by."""

from typing import Any

from tests.browser.conftest import OpenPage
from tests.browser.shop import Server

CALL = """async ([name, given]) => {
    const [script] = document.querySelectorAll('script[type=module]');
    const figures = await import(new URL('host/figures.js', script.src));
    return figures[name](...given);
}"""


async def said(server: Server, open_page: OpenPage, name: str, *given: Any) -> str:
    """What a function of host/figures.js makes of `given`, in English."""
    page = await open_page(f"{server.url}/login", locale="en-GB")
    return await page.evaluate(CALL, [name, given])  # type: ignore[no-any-return]


async def test_money_of_nobody_is_a_dash_and_not_nothing(
    server: Server, open_page: OpenPage
) -> None:
    worth = {"CNY": None, "JPY": 250}
    assert await said(server, open_page, "figureText", "viewer_value", worth) == "– · JP¥250"


async def test_a_source_without_words_is_named_as_the_server_names_it(
    server: Server, open_page: OpenPage
) -> None:
    finding = {"code": "source_best", "text": "", "params": {"kind": "billboard", "share": 0.5}}
    assert "billboard" in (text := await said(server, open_page, "findingText", finding))
    assert "source." not in text
