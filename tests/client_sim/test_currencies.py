"""Prices of the simulated host in currencies without decimals, with two and with three."""

from pathlib import Path
from random import Random

import pytest

from client_sim import content
from client_sim import host as host_module
from client_sim.client import RoomClient
from client_sim.host import Eye, Host
from client_sim.script import read_script
from tests.client_sim.test_crowd import until


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (11800, "CNY", "118 元"),
        (11850, "CNY", "118.50 元"),
        (1500, "JPY", "1500 JPY"),
        (2730, "KWD", "2.730 KWD"),
        (2000, "KWD", "2 KWD"),
    ],
)
def test_the_host_says_a_price_in_units_of_its_currency(
    minor: int, currency: str, text: str
) -> None:
    assert content.price_text(minor, currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "whole"),
    [
        (11850, "CNY", 11800),
        (1530, "JPY", 1530),
        (2730, "KWD", 2000),
        (99, "CNY", 99),
        (730, "KWD", 730),
    ],
)
def test_a_reduced_price_has_no_decimals_unless_it_is_less_than_a_unit(
    minor: int, currency: str, whole: int
) -> None:
    assert content.whole_units(minor, currency) == whole


@pytest.mark.parametrize(
    ("price", "currency", "prices"),
    [
        (1999, "JPY", {1399, 1599, 1699, 1799}),
        (5555, "KWD", {3000, 4000}),
        (8900, "CNY", {6200, 7100, 7500, 8000}),
    ],
)
async def test_the_host_reduces_and_announces_a_price_in_its_currency(
    host: RoomClient,
    monkeypatch: pytest.MonkeyPatch,
    price: int,
    currency: str,
    prices: set[int],
) -> None:
    monkeypatch.setattr(host_module, "ACT_S_MAX", 0.0)
    product = {"sku": "p", "title": "P", "price": price, "currency": currency}
    product |= {"points": ["a point"], "flaws": ["a flaw"]}
    monkeypatch.setattr(content, "goods", lambda: [product])
    there = Host(host, Eye(), Random(7), viewers=20, seconds=0)
    await there.prepare()

    await there._sell(product)

    sale = host.state.view["sales"][-1]
    assert sale["currency"] == currency
    assert sale["price"] in prices
    price_text = content.price_text(sale["price"], currency)
    await until(lambda: any(price_text in it["text"] for it in host.state.view["comments"]))


@pytest.mark.parametrize(
    ("product", "currency"),
    [('[[product]]\nsku = "k"\ntitle = "K"\nprice = 3000\ncurrency = "JPY"\n', "JPY"), ("", "CNY")],
)
def test_a_coupon_of_a_script_is_in_the_currency_of_its_products(
    tmp_path: Path, product: str, currency: str
) -> None:
    path = tmp_path / "script.toml"
    path.write_text(
        product + '[[step]]\nat = "0:00"\nhost = "coupon.open"\nname = "c"\ntitle = "Off"\n'
        "quota = 5\namount = 200\nfloor = 900\n",
        encoding="utf-8",
    )

    assert read_script(path).steps[0].fields["currency"] == currency
