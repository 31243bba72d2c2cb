"""Merchants: who owns goods, and the goods with their variants and units."""

from dataclasses import dataclass

from server.feature import Engine, Feature, Running
from server.features.merchants.catalogue import Catalogue
from server.features.merchants.goods_changes import GoodsChanges
from server.features.merchants.goods_routes import GoodsRoutes
from server.features.merchants.importer import Importer
from server.features.merchants.merchants import Merchants, forget_member
from server.features.merchants.routes import MerchantRoutes
from server.features.merchants.settings import MerchantSettings
from server.features.merchants.units import UnitBook


@dataclass(frozen=True)
class MerchantBooks:
    """The objects that features which lean on merchants ask."""

    merchants: Merchants
    catalogue: Catalogue


def _make(engine: Engine) -> Running:
    records, limits = engine.records, engine.settings.section(MerchantSettings)
    merchants = Merchants(records, limits.members_max)
    catalogue = Catalogue(records)
    changes = GoodsChanges(records, limits.goods_max)
    importer = Importer(merchants, changes, limits)
    goods = GoodsRoutes(merchants, catalogue, changes, UnitBook(records), importer)
    return Running(
        it=MerchantBooks(merchants, catalogue),
        routes=[*MerchantRoutes(merchants).routes(), *goods.routes()],
        forgets_user=[forget_member],
    )


FEATURE = Feature(
    make=_make,
    reads=("shelf", "terms"),
    settings={MerchantSettings: "merchants"},
)
