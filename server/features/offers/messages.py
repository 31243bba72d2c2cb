"""The messages about offers: how a pick comes to the shelf."""

from typing import Annotated

from msgspec import Meta

from server.protocol.fields import Id, Sku
from server.protocol.message import Command, Ok

SKUS_MAX = 100


class ShelfPick(Command, tag="shelf.pick", frozen=True, kw_only=True):
    """Put the goods of a pick on the shelf, as they are now; those that are there are renewed.

    `skus` are the merchant's, of the variants that are meant; without it all of them are.
    """

    pick: Id
    skus: Annotated[list[Sku], Meta(min_length=1, max_length=SKUS_MAX)] | None = None


class PickOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The skus that are on the shelf now, of the goods of the pick."""

    skus: list[str]
