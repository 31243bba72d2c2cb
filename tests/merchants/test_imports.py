"""Files of goods: good rows are taken, bad ones told; what is exported is imported again."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.merchants.stall import GOODS, SHIRT, STOCK, Stall

one_engine = pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
"""What is read from a file is the same whatever keeps it."""
CSV, LINES, JSON = "text/csv", "application/jsonl", "application/json"
HEAD = "goods,title,sku,price,currency,stock\n"
HYPERLINK = '=HYPERLINK("http://evil.example","x")'
STRANGE = [
    {"goods": "shirt", **SHIRT},
    {
        "goods": "odd",
        "title": HYPERLINK,
        "description": '\'=1\n+2 "quoted", and a comma',
        "tags": ["-dash", "100%"],
        "points": ["@SUM(1)", "''=2", "'plain"],
        "proofs": [{"label": "=A1"}, {"label": "b", "url": "https://x.example/|"}],
        "variants": [
            {"sku": "-1", "price": 5, "currency": "JPY", "options": {"=n": "+v", "a": "b: c"}},
            {"sku": "2", "price": 1234, "currency": "KWD", "image": "/p.jpg", "stock": 7},
        ],
    },
]
"""Goods that a careless table would run, cut or change."""


async def exported(stall: Stall, kind: str, merchant: str = "m1", query: str = "") -> bytes:
    path = f"/v1/merchants/{merchant}/goods.{kind}{query}"
    headers = {"Authorization": f"Bearer {stall.token(merchant, stall.role)}"}
    async with stall.session.get(stall.url + path, headers=headers) as response:
        assert response.status == 200
        return await response.read()


@pytest.mark.parametrize(("kind", "type_"), [("csv", CSV), ("jsonl", LINES)])
async def test_what_is_exported_is_imported_again_to_the_same_bytes(
    stall: Stall, kind: str, type_: str
) -> None:
    done = await stall.sent_file(json.dumps(STRANGE), JSON)
    assert (done["created"], done["bad"], done["errors"]) == (2, 0, [])
    file = await exported(stall, kind)
    again = await stall.sent_file(file, type_)
    assert (again["unchanged"], again["changed"], again["stock_kept"]) == (2, 0, 0)
    headers = {"Content-Type": type_}
    to_other = {"user": "m2", "data": file, "headers": headers}
    moved = await stall.got(200, "PUT", "/v1/merchants/m2/goods", **to_other)
    assert (moved["created"], moved["bad"]) == (2, 0)
    assert await exported(stall, kind, "m2") == file
    assert await exported(stall, kind) == file
    odd = await stall.got(200, "GET", f"{GOODS}/odd")
    assert odd["title"] == HYPERLINK
    assert odd["points"] == ["@SUM(1)", "''=2", "'plain"]


@one_engine
@pytest.mark.parametrize(("kind", "type_"), [("csv", CSV), ("jsonl", LINES)])
async def test_an_edited_export_with_versions_changes_nothing_that_others_changed_meanwhile(
    stall: Stall, kind: str, type_: str
) -> None:
    await stall.sent_file(json.dumps(STRANGE), JSON)
    odd = {name: value for name, value in STRANGE[1].items() if name != "goods"}
    for state in ("withdrawn", "active"):
        await stall.got(200, "PUT", f"{GOODS}/odd", odd | {"state": state})
    file = await exported(stall, kind, query="?version=yes")
    assert (await stall.sent_file(file, type_))["unchanged"] == 2
    edited = file.replace(b"Linen shirt", b"Hemp shirt").replace(b"HYPERLINK", b"LINK")

    await stall.got(200, "PUT", f"{GOODS}/shirt", SHIRT | {"title": "By somebody else"})
    for outcome in ("changed", "unchanged"):  # the second time it is the same file again
        done = await stall.sent_file(edited, type_)
        assert done[outcome] == 1
        [refused] = [each for each in done["errors"] if each["field"]]
        assert (refused["field"], refused["code"]) == ("version", "conflict")
    titles = {
        each["goods"]: each["title"] for each in (await stall.got(200, "GET", GOODS))["goods"]
    }
    assert titles == {"shirt": "By somebody else", "odd": HYPERLINK.replace("HYPER", "")}
    newest = await exported(stall, kind, query="?version=yes")
    assert (await stall.sent_file(newest, type_))["unchanged"] == 2
    assert await exported(stall, kind, query="?version=yes") == newest
    assert b"version" not in await exported(stall, kind)


@one_engine
async def test_no_cell_of_an_export_is_a_formula(stall: Stall) -> None:
    await stall.sent_file(json.dumps(STRANGE), JSON)
    text = (await exported(stall, "csv")).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")] == []


async def test_good_rows_are_taken_and_each_bad_one_is_told(stall: Stall) -> None:
    rows = [
        "tea,Tea,tea-1,12.50,CNY,3",
        "cup,Cup,cup-1,1.234,CNY,3",  # three decimals
        "pot,,pot-1,1,CNY,3",
        "jar,Jar,tea-1,1,CNY,3",  # a sku of row 2
        "bag,Bag,bag-1,1,CNY,3",
        "bag,Bag,bag-2,x,CNY,3",
        "a b,Ab,ab-1,1,CNY,3",
        ",,,,,",
        "tin,Tin,tin-1,1,cny,3",
        "can,Can,can-1,1,CNY,-3",
        "mat,Mat,mat-1,1,CNY,3,4",
        "bag,Bags,bag-3,1,CNY,3",
        f"rug,{HYPERLINK.replace(',', ' ')},rug-1,1,CNY,3",
    ]
    table = (HEAD + "\n".join(rows)).replace(HYPERLINK, HYPERLINK).replace('"', "")
    dry = await stall.sent_file(table, CSV, "?dry=yes")
    assert (await stall.got(200, "GET", GOODS))["goods"] == []
    done = await stall.sent_file(table, CSV)
    assert dry == done | {"dry": True}
    assert (done["rows"], done["created"], done["bad"]) == (12, 2, 10)
    told = {(each["row"], each["field"]): each for each in done["errors"]}
    assert sorted(told) == [
        (3, "price"), (4, "title"), (5, "sku"), (6, ""), (7, ""), (8, "goods"), (10, "currency"),
        (11, "stock"), (12, ""), (13, "title"),
    ]  # fmt: skip
    assert told[5, "sku"]["code"] == "conflict"
    assert "row 2" in told[5, "sku"]["msg"]
    assert "row 13 of the same goods" in told[6, ""]["msg"]
    assert all(each["msg"].endswith(".") for each in done["errors"])
    found = (await stall.got(200, "GET", GOODS))["goods"]
    assert sorted(each["goods"] for each in found) == ["rug", "tea"]
    assert {each["title"] for each in found} == {
        "Tea",
        HYPERLINK.replace(",", " ").replace('"', ""),
    }
    assert await stall.units("tea-1") == (3, 3)


@one_engine
async def test_rows_of_json_and_of_json_lines_are_told_apart_too(stall: Stall) -> None:
    def goods(name: str, **more: Any) -> dict[str, Any]:
        variant = {"sku": name, "price": 1, "currency": "CNY"}
        return {"goods": name, "title": name, "variants": [variant]} | more

    good, bad = goods("a"), goods("b", variants=[{"sku": "b", "price": -1, "currency": "CNY"}])
    twice, old = goods("a"), goods("c", version=3)
    done = await stall.sent_file(json.dumps([good, bad, 7, twice, old]), JSON)
    told = [(each["row"], each["field"], each["code"]) for each in done["errors"]]
    wanted = [
        (2, "price", "bad_message"),
        (3, "", "bad_message"),
        (4, "goods", "conflict"),
        (5, "version", "conflict"),
    ]
    assert (done["created"], told) == (1, wanted)
    lines = "\n".join(["", json.dumps(goods("d")), "{", json.dumps(bad)])
    done = await stall.sent_file(lines, LINES)
    told = [(each["row"], each["field"], each["code"]) for each in done["errors"]]
    assert (done["created"], told) == (1, [(3, "", "bad_message"), (4, "price", "bad_message")])


UNREADABLE = [
    ((HEAD + "茶,a,b,1,CNY,1").encode("utf-16"), CSV, "UTF-16"),
    ((HEAD + "茶,a,b,1,CNY,1").encode("utf-16-le"), CSV, "UTF-16"),
    ((HEAD + "t,龙井茶,b,1,CNY,1").encode("gb18030"), CSV, "line 2 reads as GB18030"),
    ((HEAD + "t,café,b,1,CNY,1").encode("latin-1"), CSV, "line 2"),
    ((HEAD + 't,"open,b,1,CNY,1').encode(), CSV, "quotation mark"),
    (b"goods,title,sku,price,currency,colour\n", CSV, "`colour`"),
    (b"goods,title,sku,price\n", CSV, "`currency`"),
    (b"goods,title,sku,price,currency,sku\n", CSV, "`sku` twice"),
    (b"", CSV, "lacks the column"),
    (b"{}", JSON, "list in JSON"),
    (b'[{"goods": "a", "titel": "b"}]', JSON, "`title`"),
    (b"x", "application/pdf", "Content-Type"),
]  # fmt: skip


@one_engine
async def test_a_file_that_can_not_be_read_changes_nothing(stall: Stall) -> None:
    for body, kind, says in UNREADABLE:
        assert says in await stall.refused_file(400, "bad_message", body, kind)
    assert (await stall.got(200, "GET", GOODS))["goods"] == []


@one_engine
async def test_a_table_of_another_program_is_read(stall: Stall) -> None:
    table = "\ufeff" + HEAD.replace(",", ";").upper() + 'tea;"Tea\r\n";tea-1;12;JPY;\r\n'
    assert (await stall.sent_file(table.encode(), CSV))["created"] == 1
    assert (await stall.got(200, "GET", f"{GOODS}/tea"))["variants"][0]["price"] == 12


@one_engine
async def test_a_file_of_fifty_megabytes_is_refused_by_its_size(stall: Stall) -> None:
    body = HEAD.encode() + b"t,T,t,1,CNY,1\n" * 3_600_000

    async def in_pieces() -> AsyncIterator[bytes]:
        for first in range(0, len(body), 65_536):
            yield body[first : first + 65_536]

    for sent in (io.BytesIO(body), in_pieces()):
        said = await stall.refused_file(413, "too_long", sent, CSV)
        assert "16777216 bytes" in said
    few = b"".join(b"t%d,T,t%d,1,CNY,1\n" % (n, n) for n in range(20_001))
    assert "20000 rows" in await stall.refused_file(413, "too_long", HEAD.encode() + few, CSV)
    assert (await stall.got(200, "GET", GOODS))["goods"] == []


async def test_a_file_leaves_stock_alone_unless_it_says_so_with_a_key(stall: Stall) -> None:
    table = HEAD + "tea,Tea,tea-1,1,CNY,5\n"
    await stall.sent_file(table, CSV)
    await stall.got(200, "POST", STOCK.format("tea-1"), {"key": "sold", "set": 2})
    assert (await stall.sent_file(table, CSV))["stock_kept"] == 1
    assert await stall.units("tea-1") == (2, 2)
    for _ in range(2):
        await stall.sent_file(table, CSV, "?stock=set&key=monday")
        assert await stall.units("tea-1") == (5, 5)
    await stall.got(200, "POST", STOCK.format("tea-1"), {"key": "sold2", "add": -1})
    done = await stall.sent_file(table, CSV, "?stock=set&key=monday")
    assert await stall.units("tea-1") == (4, 4), "the key was used before these were sold"
    assert done["bad"] == 0
    other = await stall.sent_file(table.replace("5\n", "6\n"), CSV, "?stock=set&key=monday")
    assert [each["code"] for each in other["errors"]] == ["key_reused"]
    await stall.refused(400, "bad_message", "PUT", f"{GOODS}?stock=set")


async def test_thousands_of_rows_are_taken(stall: Stall) -> None:
    rows = (f"g{n // 2},Goods {n // 2},s{n},{n}.5,CNY,{n}\n" for n in range(3000))
    table = HEAD + "".join(rows)
    done = await stall.sent_file(table, CSV)
    assert (done["rows"], done["created"], done["bad"]) == (3000, 1500, 0)
    assert (await stall.sent_file(table, CSV))["unchanged"] == 1500
    lines = (await exported(stall, "csv")).decode("utf-8-sig").splitlines()
    assert len(lines) == 3001
