"""Answers that a product's sheet and its sale give, without the host.

Questions about flaws are answered from `flaws`, about authenticity from `proofs`, about discounts
from the open sale and the coupons that can be claimed. Pure; times are milliseconds, money is in
minor units.
"""

import msgspec

from server.features.asks.messages import Deal, Question
from server.features.asks.showing import Showing
from server.features.coupons.messages import Coupon
from server.features.shelf.messages import Product

_BETWEEN = " · "


def sheet_answer(
    showing: Showing, sku: str, topic: str, *, key: str, text: str, now: int
) -> Question | None:
    """The answer that is already written, marked with its source; None if the host must answer.

    `key` stands for the question's id: nobody can take or drop such an answer.
    """
    product = showing.product(sku)
    if product is None:
        return None
    answer = Question(
        question=key,
        sku=sku,
        topic=topic,
        text=text,
        user="",
        name="",
        asked=0,
        status="answered",
        at=now,
        source="product",
    )
    if topic == "flaws" and product.flaws:
        return _with(answer, answer=_BETWEEN.join(product.flaws))
    if topic == "authenticity" and product.proofs:
        said = (f"{proof.label} {proof.number or ''}".strip() for proof in product.proofs)
        return _with(answer, answer=_BETWEEN.join(said), proofs=product.proofs)
    if topic == "discount" and (deal := _deal(showing, product, now)) is not None:
        return _with(answer, source="sale", deal=deal)
    return None


def _with(known: Question, **changes: object) -> Question:
    return msgspec.structs.replace(known, **changes)


def _deal(showing: Showing, product: Product, now: int) -> Deal | None:
    """What the product costs now; None if neither a sale nor a coupon is open for it."""
    sale = showing.open_sale_of(product.sku)
    price = sale.price if sale else product.price
    currency = sale.currency if sale else product.currency
    coupons = [each for each in showing.coupons if _is_for(each, product.sku, currency, now)]
    if sale is None and not coupons:
        return None
    two = 2 * price if sale is None or sale.per_user > 1 else 0
    return Deal(
        price=price,
        currency=currency,
        was=sale.was if sale else 0,
        two=two,
        coupons=coupons,
    )


def _is_for(coupon: Coupon, sku: str, currency: str, now: int) -> bool:
    return (
        coupon.status == "open"
        and coupon.currency == currency
        and coupon.starts <= now
        and (coupon.ends == 0 or now < coupon.ends)
        and coupon.claimed < coupon.quota
        and (not coupon.skus or sku in coupon.skus)
    )
