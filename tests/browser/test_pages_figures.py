"""host/figures.js: numbers and findings in words, also where there is nothing to divide by."""

from typing import Any

from tests.browser.conftest import OpenPage
from tests.browser.shop import Server

CALL = """async ([name, given]) => {
    const [script] = document.querySelectorAll('script[type=module]');
    await import(new URL('ui/work-words.js', script.src)); // as the console does
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


async def test_a_number_is_set_beside_the_usual_of_three_streams_and_no_fewer(
    server: Server, open_page: OpenPage
) -> None:
    def beside(streams: int) -> dict[str, Any]:
        return {"orders": {"median": 10, "streams": streams, "change": -0.25}}

    few = await said(server, open_page, "changeText", "orders", beside(2))
    enough = await said(server, open_page, "changeText", "orders", beside(3))
    assert (few, enough) == ("", "−25% on your usual")
