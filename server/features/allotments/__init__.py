"""Allotments: units that merchants grant to hosts, on their way to sales and back."""

from dataclasses import dataclass

from server.feature import Engine, Feature, Running
from server.features.allotments.allotments import Allotments
from server.features.allotments.forgetting import Selling, forget_host, forget_merchant
from server.features.allotments.projection import UnitProjection, keep_moves
from server.features.allotments.routes import AllotmentRoutes
from server.features.allotments.settings import AllotmentSettings
from server.features.allotments.staying import Staying
from server.features.allotments.transfers import Settling, Transfers
from server.features.archive.archiver import Archiver
from server.features.merchants import MerchantBooks


@dataclass(frozen=True)
class AllotmentBooks:
    """What other features ask about units that were granted."""

    transfers: Transfers
    allotments: Allotments


def _make(engine: Engine, archiver: Archiver, books: MerchantBooks) -> Running:
    settings = engine.settings.section(AllotmentSettings)
    transfers = Transfers(engine.store, engine.records)
    allotments = Allotments(engine.records, settings)
    settling = Settling(transfers, allotments, engine.records, settings, engine.worker_id)
    staying = Staying(engine.records, transfers, archiver.stays)
    return Running(
        it=AllotmentBooks(transfers, allotments),
        routes=AllotmentRoutes(allotments, books.merchants).routes(),
        tasks=[settling],
        projections=[UnitProjection()],
        stays=[staying.in_redis],
        deletes=[keep_moves],
        undeletable=[staying.at_all],
        forgets_user=[forget_host, forget_merchant],
        unforgettable=[Selling(engine.records).keeps],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("archive", "merchants"),
    settings={AllotmentSettings: "allotments"},
    keys={
        "transfers": (
            "hash transfer -> the sale that took its units, '' if none ever will; see `allotments`"
        ),
    },
)
