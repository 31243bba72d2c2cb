"""The page of merchants: goods with variants and stock, files in and out, members."""

import json
import secrets
from pathlib import Path

from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import Server, toasted
from tests.browser.test_pages_looks import SMALLEST, _faults, _too_wide_or_small

SHIRT = {
    "标题": "亚麻衬衫，宽松版",
    "编号（字母、数字、_.-）": "shirt",
    "标签（空格隔开）": "亚麻 夏天",
    "卖点（每行一条）": "透气\n不闷汗",
    "缺点（每行一条）": "容易皱",
    "凭证（每行：名称 | 编号 | 网址）": "OEKO-TEX | 19.HCN.1 | https://example.com/c",
}
BAD = "goods,title,sku,price,currency,stock\ncup,Cup,cup-1,9.90,CNY,4\npot,,pot-1,x,CNY,1\n"


async def _fill_variant(page: Page, nth: int, sku: str, options: str, price: str) -> None:
    fields = page.locator(".variant-set").nth(nth)
    for name, text in (("sku", sku), ("options", options), ("price", price), ("stock", "12")):
        await fields.locator(f'[name^="{name}-"]').fill(text)


async def test_a_merchant_writes_goods_counts_units_and_imports_a_table(
    server: Server, open_page: OpenPage, images: Path, tmp_path: Path
) -> None:
    merchant = f"m-{secrets.token_hex(3)}"
    faults: list[str] = []

    async def look(page: Page, name: str) -> None:
        await page.locator(".toast").evaluate_all("all => all.forEach((each) => each.remove())")
        await page.screenshot(path=images / f"merchant-{name}.png", full_page=True)
        faults.extend(f"{name}: {fault}" for fault in await _faults(page))

    page = await open_page(
        f"{server.url}/merchant", merchant, Role.HOST, "Nora", reduced_motion="reduce"
    )
    await expect(page.locator("#pane-goods .empty")).to_be_visible()
    await page.locator('[data-do="new-goods"]').click()
    for label, text in SHIRT.items():
        await page.get_by_label(label, exact=True).fill(text)
    await _fill_variant(page, 0, "shirt-m", "尺码: M; 颜色: 本白", "199")
    await page.locator('[data-do="add-variant"]').click()
    await _fill_variant(page, 1, "shirt-l", "尺码: L; 颜色: 本白", "209.50")
    await look(page, "form")
    await page.get_by_role("button", name="保存").click()
    await toasted(page, "已保存")
    row = page.locator('.goods-row[data-goods="shirt"]')
    await expect(row.locator(".variant")).to_have_count(2)
    await expect(row).to_contain_text("L · 本白")
    await expect(row).to_contain_text("¥209.50")

    await row.locator('[data-sku="shirt-m"] button').click()
    await page.get_by_label("件数").fill("-3")
    await look(page, "stock")
    await page.get_by_role("button", name="保存").click()
    await expect(row.locator('[data-sku="shirt-m"]')).to_contain_text("9 件可用")
    await row.locator('[data-do="change"]').click()
    await page.get_by_label("标题", exact=True).fill("亚麻衬衫")
    await page.get_by_role("button", name="保存").click()
    await expect(row.locator("b")).to_have_text("亚麻衬衫")
    await expect(row).to_contain_text("9 件可用")
    await look(page, "goods-phone")
    await page.set_viewport_size(SMALLEST)
    faults += await _too_wide_or_small(page)

    await page.get_by_role("tab", name="导入导出").click()
    table = tmp_path / "goods.csv"
    table.write_text(BAD, encoding="utf-8")
    await page.locator('input[type="file"]').set_input_files(table)
    await page.locator('[data-do="try"]').click()
    await expect(page.locator(".import-line")).to_contain_text("试读 2 行：新增 1")
    await page.locator('[data-do="import"]').click()
    await expect(page.locator(".import-line")).to_contain_text("已导入 2 行：新增 1")
    await expect(page.locator(".import-errors tbody tr")).to_contain_text("price")
    faults += await _too_wide_or_small(page)
    await look(page, "files")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="JSONL").click()
    lines = Path(await (await download.value).path()).read_text("utf-8").splitlines()
    assert [json.loads(line)["goods"] for line in lines] == ["cup", "shirt"]

    await page.get_by_role("tab", name="成员").click()
    await page.locator('[data-do="add-member"]').click()
    await page.get_by_label("用户 ID").fill("xiaoman")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator('[data-member="xiaoman"]')).to_contain_text("店员")
    await look(page, "members")

    other = await open_page(
        f"{server.url}/merchant",
        "xiaoman",
        viewport=DESKTOP,
        color_scheme="dark",
        locale="fr-FR",
        reduced_motion="reduce",
    )
    await expect(other.locator(".goods-row")).to_have_count(2)
    await look(other, "goods-desktop-dark")
    await other.get_by_label("Titre, référence…").fill("shirt-l")
    await expect(other.locator(".goods-row")).to_have_count(1)
    await other.locator('[data-do="withdraw"]').click()
    await other.locator(".sure-sheet .primary").click()
    await expect(other.locator(".goods-row")).to_have_count(0)
    await other.get_by_role("tab", name="Membres").click()
    await expect(other.locator("[data-member]")).to_have_count(1)
    await expect(other.locator('[data-do="add-member"]')).to_have_count(0)
    assert not faults, "\n".join(faults)
