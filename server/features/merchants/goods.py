"""Defines what a merchant sells: goods with their variants, as they are written, kept and read."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field, msgpack, structs
from sqlalchemy import Row

from server.features.shelf.messages import PROOFS_MAX, Link, Proof, ProofInput
from server.protocol.codes import CommandError
from server.protocol.fields import Cover, Currency, Money, Name, Phrase, Text, Units
from server.protocol.input import Input
from server.rooms.plain_text import shown_text
from server.text.folding import folded, one_case

VARIANTS_MAX = 100
TAGS_MAX = 20
GoodsId = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^(?!\.\.?$)[A-Za-z0-9_.:@-]+$(?!\n)")
]
# With a merchant's id and a colon before it, it is a sku of a room, of at most 64 characters.
VariantSku = Annotated[
    str, Meta(min_length=1, max_length=39, pattern=r"^(?!\.\.?$)[A-Za-z0-9_.:@-]+$(?!\n)")
]
Tag = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^\S+$(?!\n)")]
Grams = Annotated[int, Meta(ge=0, le=10_000_000)]
Options = Annotated[dict[Phrase, Phrase], Meta(max_length=5)]
State = Literal["active", "withdrawn"]
"""`withdrawn`: nobody picks it any more. It stays, because orders name it."""


class Stock(Struct, frozen=True):
    """Where the units of a variant are: `stock + allotted + sold + returned == received`."""

    received: int = 0
    stock: int = 0
    allotted: int = 0
    sold: int = 0
    returned: int = 0


def stock_of(row: Row[Any]) -> Stock:
    """The units of a row with the columns of UNITS; none, if the variant never had a row there."""
    return Stock(*(getattr(row, name) or 0 for name in Stock.__struct_fields__))


class Variant(Struct, frozen=True, kw_only=True):
    """One thing of the goods that is bought, such as size M in red.

    `price` is of one unit in minor units, `weight` in grams; `units` says where its units are.
    """

    sku: str
    price: int
    currency: str
    options: dict[str, str] = {}
    image: str | None = None
    weight: int | None = None
    units: Stock = Stock()


class Goods(Struct, frozen=True, kw_only=True):
    """What a merchant sells; `version` rises with each change. Times in Unix ms."""

    merchant: str
    goods: str
    version: int
    state: State
    title: str
    tags: list[str]
    created: int
    changed: int
    variants: list[Variant]
    description: str = ""
    image: str | None = None
    url: str | None = None
    points: list[str] = []
    flaws: list[str] = []
    proofs: tuple[Proof, ...] = ()


class VariantInput(Input, frozen=True, kw_only=True):
    """A variant as a merchant writes it. `stock` are the free units that a new one begins with."""

    sku: VariantSku
    price: Money
    currency: Currency
    options: Options = field(default_factory=dict)
    image: Cover | None = None
    weight: Grams | None = None
    stock: Units | None = None


class GoodsBody(Input, frozen=True, kw_only=True):
    """Goods as a merchant writes them, their variants in order.

    With `version` they are taken only if the goods have that version now; 0: only if they are new.
    """

    title: Name
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=VARIANTS_MAX)]
    state: State = "active"
    tags: Annotated[list[Tag], Meta(max_length=TAGS_MAX)] = field(default_factory=list)
    description: Text = ""
    image: Cover | None = None
    url: Link | None = None
    points: Annotated[list[Phrase], Meta(max_length=10)] = field(default_factory=list)
    flaws: Annotated[list[Phrase], Meta(max_length=10)] = field(default_factory=list)
    proofs: Annotated[tuple[ProofInput, ...], Meta(max_length=PROOFS_MAX)] = ()
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | UnsetType = UNSET


class GoodsInput(GoodsBody, frozen=True, kw_only=True):
    """Goods in a list of many."""

    goods: GoodsId


class GoodsRest(Struct, frozen=True, omit_defaults=True):
    """The rest of goods as their row keeps it, packed."""

    description: str = ""
    image: str | None = None
    url: str | None = None
    points: list[str] = []
    flaws: list[str] = []
    proofs: tuple[Proof, ...] = ()


class VariantRest(Struct, frozen=True, omit_defaults=True):
    """The rest of a variant as its row keeps it, packed."""

    options: dict[str, str] = {}
    image: str | None = None
    weight: int | None = None


read_goods_rest = msgpack.Decoder(GoodsRest).decode
read_variant_rest = msgpack.Decoder(VariantRest).decode


class BadGoods(CommandError):
    """Goods that can't be taken: `field` says where, `nth` which variant (from 0) if one is."""

    def __init__(
        self, where: str, msg: str, code: str = "bad_message", nth: int | None = None
    ) -> None:
        super().__init__(code, msg)
        self.field = where
        self.nth = nth


def plain_goods(given: GoodsInput) -> GoodsInput:
    """The goods with their texts as they are shown, and tags in one case. Raises BadGoods."""
    skus = [variant.sku for variant in given.variants]
    for nth, sku in enumerate(skus):
        if sku in skus[:nth]:
            raise BadGoods("sku", f"Two variants have the sku `{sku}`; give each its own.", nth=nth)
    return structs.replace(
        given,
        title=_shown("title", given.title),
        description="\n".join(
            _shown("description", line) for line in given.description.splitlines() if line.strip()
        ),
        tags=list(
            dict.fromkeys(one_case(_shown("tags", tag)).replace(" ", "-") for tag in given.tags)
        ),
        points=[_shown("points", each) for each in given.points],
        flaws=[_shown("flaws", each) for each in given.flaws],
        proofs=tuple(map(_plain_proof, given.proofs)),
        variants=[_plain_variant(nth, each) for nth, each in enumerate(given.variants)],
    )


def _plain_variant(nth: int, variant: VariantInput) -> VariantInput:
    options = {
        _shown("options", name, nth): _shown("options", value, nth)
        for name, value in variant.options.items()
    }
    if len(options) < len(variant.options):
        raise BadGoods("options", "Two options have the same name.", nth=nth)
    for name in options:
        if ":" in name:
            raise BadGoods("options", f"The option `{name}` has a colon; leave it out.", nth=nth)
    return structs.replace(variant, options=options)


def _plain_proof(proof: ProofInput) -> ProofInput:
    label = _shown("proofs", proof.label)
    number = None if proof.number is None else _shown("proofs", proof.number)
    if "|" in f"{label}{number or ''}":
        raise BadGoods("proofs", "A proof has a `|`; leave it out.")
    return structs.replace(proof, label=label, number=number)


def _shown(field: str, text: str, nth: int | None = None) -> str:
    try:
        return shown_text(field, text, len(text))
    except CommandError as error:
        raise BadGoods(field, error.msg, error.code, nth) from None


def packed_rest(given: GoodsInput) -> bytes:
    """Return what the row of the goods keeps beside its columns."""
    proofs = tuple(Proof(each.label, each.number, each.url) for each in given.proofs)
    return msgpack.encode(
        GoodsRest(given.description, given.image, given.url, given.points, given.flaws, proofs)
    )


def packed_variant(variant: VariantInput) -> bytes:
    """Return what the row of a variant keeps beside its columns."""
    return msgpack.encode(VariantRest(variant.options, variant.image, variant.weight))


def spaced(tags: list[str]) -> str:
    """Tags as their column has them: each between spaces, so that one is found by `% tag %`."""
    return f" {' '.join(tags)} " if tags else ""


def searched(given: GoodsInput) -> str:
    """The text in which a merchant's search looks: title, id, skus, tags, folded."""
    skus = [variant.sku for variant in given.variants]
    return folded(" ".join([given.title, given.goods, *skus, *given.tags]))
