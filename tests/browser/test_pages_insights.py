"""What a host reads of who came; topics and featured slots, made on /ops and seen by everybody."""

import functools
import secrets
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import MUG, Server, open_shop, token, until
from tests.browser.test_pages_looks import _faults

NOTE = {"kind": "note", "id": "n1"}
ASKED = "能进烤箱吗"


async def _until_shown(page: Page, part: str, words: str) -> None:
    """Look at the figures again and again, until the insights say this."""
    while True:
        await page.get_by_role("tab", name="互动").click()
        await page.get_by_role("tab", name="分析").click()
        await expect(page.locator('[data-part="sought"] h3')).to_be_visible()
        if words in await page.locator(f'[data-part="{part}"]').inner_text():
            return


async def test_the_host_reads_which_note_brought_whom_and_what_to_do_next(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    owner, room = f"host-{secrets.token_hex(3)}", f"r-{secrets.token_hex(4)}"
    async with open_shop(server, room, MUG, owner=owner, name="Nora") as shop:
        mug = await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
        for user in ("ann", "ben", "cai"):
            async with shop.person(user, user.title(), NOTE) as person:
                await person.request("follow")
                await person.request("ask", sku="mug")
                await person.request("ask", sku="mug", text=ASKED)
                if user == "ann":
                    await person.pay((await person.buy(mug["sale"], 2))["order"])
        await shop.host.live_end()
        page = await open_page(
            shop.console, owner, Role.HOST, "Nora", viewport=DESKTOP, reduced_motion="reduce"
        )
        await until(page, "globalThis.liveroom?.status === 'joined'")
        await _until_shown(page, "notes", "3 人中 1 人买了")
        row = page.locator('[data-part="notes"] li')
        await expect(row).to_contain_text("3 人来了（0）")
        await expect(row).to_contain_text("付款 ¥118")
        await expect(row).to_contain_text("青瓷手作马克杯 350ml ×2")
        await expect(row).to_contain_text("买家：Ann")
        await _until_shown(page, "advice", ASKED)
        goods = page.locator('[data-advice="goods_asked"]')
        await expect(goods).to_contain_text("有 3 人要过链接，其中 1 人买了")
        faults: list[str] = []
        for name, size in {"desktop": DESKTOP, "phone": PHONE}.items():
            await page.set_viewport_size(size)
            if size == PHONE:
                await page.locator('[data-tab="numbers"].tab').click()
            await page.locator(".insights").scroll_into_view_if_needed()
            await page.screenshot(path=images / f"host-insights-{name}.png")
            faults += [f"{name}: {fault}" for fault in await _faults(page)]
        assert not faults, "\n".join(faults)


async def _fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        await page.locator(f'dialog [name="{name}"]').fill(value)


async def _save(page: Page) -> None:
    await page.locator('dialog [type="submit"]').click()
    await expect(page.locator("dialog")).to_have_count(0)


async def test_an_operator_makes_a_topic_and_features_a_room_and_everybody_sees_both(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    rooms = [f"r-{secrets.token_hex(4)}" for _ in range(3)]
    topic, owner = f"winter-{secrets.token_hex(3)}", f"host-{secrets.token_hex(3)}"
    shop = functools.partial(open_shop, server, owner=owner, name="Nora")
    async with (
        shop(rooms[0], MUG, title="冬天的大衣"),
        shop(rooms[1], MUG, title="Warm lamps for long evenings, and what to read by them"),
        shop(rooms[2], title="明晚八点", live=False),
    ):
        ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
        await ops.locator('[data-do="new-topic"]').click()
        things = "\n".join(f"room {room}" for room in rooms)
        await _fill(ops, id=topic, title="冬天", text="十位主播，一个星期", things="a line")
        await ops.locator("label.chip", has_text="所有人").click()
        await ops.locator('dialog [type="submit"]').click()
        await expect(ops.locator("dialog .form-error")).to_contain_text("a line")
        faults = [f"form: {fault}" for fault in await _faults(ops)]
        await _fill(ops, things=things, starts="2026-11-20T08:00", ends="2099-12-01T08:00")
        await _save(ops)
        await expect(ops.locator(f'[data-topic="{topic}"]')).to_contain_text("3 项")

        await ops.locator('[data-do="feature"]').click()
        await _fill(ops, id=rooms[1], topic=topic, ends="2099-12-01T08:00")
        await ops.locator('dialog [type="submit"]').click()
        await expect(ops.locator("dialog .form-error")).to_contain_text("168")  # hours at most
        soon = await ops.evaluate(
            "new Date(Date.now() + 7.2e6 - new Date().getTimezoneOffset() * 6e4)"
            ".toISOString().slice(0, 16)"
        )
        await _fill(ops, ends=soon)
        await _save(ops)
        slot = ops.locator(".featured [data-slot]", has_text=rooms[1])
        await expect(slot).to_contain_text("进行中")
        await ops.locator(".topics").scroll_into_view_if_needed()
        await ops.screenshot(path=images / "ops-topics.png")
        faults += [f"ops: {fault}" for fault in await _faults(ops)]

        for name, size in {"desktop": DESKTOP, "phone": PHONE}.items():
            page = await open_page(f"{server.url}/topic/{topic}", viewport=size)
            first = page.locator('[data-section="featured"] .room-link')
            await expect(first).to_have_attribute(
                "href", f"/watch/{rooms[1]}?from=feed:topic.{topic}"
            )
            await expect(page.locator('[data-section="live"] .room')).to_have_count(1)
            await expect(page.locator('[data-section="scheduled"] .room')).to_have_count(1)
            await page.screenshot(path=images / f"topic-{name}.png", full_page=True)
            faults += [f"topic {name}: {fault}" for fault in await _faults(page)]
        await slot.locator('[data-do="unfeature"]').click()
        await ops.locator(".sure-sheet .primary").click()
        await expect(slot).to_contain_text("已撤下")
        await ops.locator(".moderation-log form button").click()
        await expect(ops.locator(".moderation-log")).to_contain_text("撤下了推荐位")
        await page.reload()
        await expect(page.locator('[data-section="live"] .room')).to_have_count(2)
        await expect(page.locator('[data-section="featured"]')).to_have_count(0)
        assert not faults, "\n".join(faults)


async def test_a_topic_that_is_not_there_says_so_in_the_readers_language(
    server: Server, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/topic/nothing", locale="fr-FR")
    await expect(page.locator("main")).to_contain_text("Ce thème n’existe pas")


async def test_a_reported_note_is_seen_in_the_queue_with_its_pictures(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    author, title = f"a-{secrets.token_hex(3)}", f"薄胎杯 {secrets.token_hex(3)}"
    drawn = BytesIO()
    Image.new("RGB", (80, 60), "teal").save(drawn, "PNG")
    async with aiohttp.ClientSession() as session:

        async def send(path: str, user: str, **body: Any) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token(user)}"}
            async with session.post(f"{server.url}{path}", headers=headers, **body) as answer:
                assert answer.status < 300, await answer.text()
                return dict(await answer.json()) if answer.status in (200, 201) else {}

        picture = (await send("/v1/pictures", author, data=drawn.getvalue()))["picture"]
        words = {"title": title, "text": "薄如纸", "status": "public", "pictures": [picture]}
        note = (await send("/v1/notes", author, json=words))["note"]
        report = {"kind": "fraud", "text": "是假的"}
        await send(f"/v1/notes/{note}/reports", "ann", json=report)
    ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
    row = ops.locator(".reports [data-thing]", has_text=title)
    await expect(row).to_contain_text("是假的")
    await expect(row.locator("img")).to_have_attribute("src", f"/pictures/{picture}/small")
    await expect(row.locator('[data-do="look"]')).to_have_attribute("href", f"/note/{note}")
    await row.scroll_into_view_if_needed()
    await ops.screenshot(path=images / "ops-reported-note.png")
    faults = await _faults(ops)
    assert not faults, "\n".join(faults)
