"""What is easily lost: a product, the page's width, a place in the line, a shut console."""

from playwright.async_api import expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import HOST, MUG, SOFA, Server, joined, open_shop, until


async def test_adding_a_product_never_takes_the_place_of_another(
    server: Server, room: str, open_console: OpenPage
) -> None:
    products = [MUG | {"sku": sku, "title": sku.upper()} for sku in ("p1", "p2")]
    async with open_shop(server, room, *products) as shop:
        console = await joined(await open_console(shop))
        await shop.host.shelf_remove("p1")
        await expect(console.locator(".host-product")).to_have_count(1)
        await console.get_by_role("button", name="上架商品").click()
        sku = console.get_by_label("编号", exact=True)
        await expect(sku).to_have_value("p3")

        await console.get_by_label("名称", exact=True).fill("New")
        await console.get_by_label("价格", exact=True).fill("1")
        await sku.fill("p2")
        await console.keyboard.press("Enter")
        await expect(console.locator(".form-error")).to_contain_text("已被「P2」占用")
        await sku.fill("p3")
        await console.keyboard.press("Enter")

        await expect(console.locator(".host-product .shelf-title")).to_have_text(["P2", "New"])


async def test_long_words_leave_the_viewer_page_as_wide_as_the_phone(
    server: Server, room: str, open_page: OpenPage
) -> None:
    product = MUG | {"title": "长" * 200}
    async with open_shop(server, room, product) as shop, shop.person("buyer", "名" * 40) as buyer:
        sale = await shop.host.sale_open("mug", 100, 5, per_user=1, hold_s=600)
        viewer = await joined(await open_page(shop.watch))
        await buyer.pay((await buyer.buy(sale["sale"]))["order"])
        await expect(viewer.locator(".ticker.shown")).to_contain_text("长")

        wide = "e => Math.round(e.getBoundingClientRect().right)"
        assert await viewer.locator(".bar").evaluate(wide) == 390
        assert await viewer.locator(".ticker").evaluate(wide) < 390
        assert await viewer.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_console_of_another_host_or_of_no_room_stays_shut(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        other = await open_page(shop.console, "other-host", Role.HOST)
        await expect(other.locator("main")).to_contain_text("请用主播身份登录")
        await expect(other.locator(".console")).to_have_count(0)
        await other.locator('[data-role="host"]').click()
        await expect(other.locator(".console")).to_be_visible()
        await joined(other)
        assert await other.evaluate("liveroom.state.you.user") == HOST

        await other.goto(f"{server.url}/host/nosuch")
        await expect(other.locator("h1")).to_have_text("没有这个直播间")
        await expect(other.locator(".console")).to_have_count(0)


async def test_a_place_in_the_line_is_shown_can_be_left_and_stays_readable_under_the_pointer(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG, SOFA) as shop, shop.person("quick") as quick:
        await shop.host.pin("mug")
        sale = await shop.host.sale_open("mug", 5900, stock=1, per_user=2, hold_s=600)
        await quick.buy(sale["sale"])
        viewer = await joined(await open_page(shop.watch, "patient", viewport=DESKTOP))
        button = viewer.locator(".pinned-card .buy")
        await expect(button).to_have_text("排队等放出")
        await button.hover()
        colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        await until(
            viewer,
            "!document.querySelector('.pinned-card .buy').getAnimations().length",
        )
        assert (await button.evaluate(colours))[0] == "rgb(196, 18, 61)"
        assert (await button.evaluate(colours))[1] != "rgb(200, 22, 62)"

        await button.click()
        await expect(button).to_have_text("已排队，第 1 位 · 退出")
        await button.click()
        await expect(button).to_have_text("排队等放出")

        await shop.host.pin("sofa")
        await expect(viewer.locator(".panel [data-sku=sofa] .badge")).to_have_text("讲解中")
        await expect(viewer.locator(".panel [data-sku=mug] .badge")).to_have_count(0)
