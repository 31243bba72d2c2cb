"""Sending: where orders go, what is still to be sent, parcels and their arrival."""

from server.feature import Engine, Feature, Running
from server.features.payments.payments import Payments
from server.features.sending.deliveries import (
    Deliveries,
    OldDeliveries,
    delete_deliveries,
    forget_deliveries,
)
from server.features.sending.parcels import Parcels
from server.features.sending.parties import Parties
from server.features.sending.projection import SendingProjection
from server.features.sending.routes import SendingRoutes
from server.features.sending.settings import DeliveryKeeping
from server.features.sending.to_send import ToSend
from server.rooms.retention import Removal


def _make(engine: Engine, payments: Payments) -> Running:
    store, records, directory = engine.store, engine.records, engine.directory
    deliveries = Deliveries(records, engine.metrics)
    payments.freeze = deliveries.freeze
    events_max = engine.settings.rooms.event_stream_len_max
    parcels = Parcels(store, records, directory, deliveries, events_max)
    parties = Parties(store, records, directory)
    routes = SendingRoutes(parcels, ToSend(store, records, deliveries), deliveries, parties)
    old = OldDeliveries(records)
    days = engine.settings.section(DeliveryKeeping).keep_deliveries_days
    return Running(
        it=parties,
        routes=routes.routes(),
        projections=[SendingProjection()],
        closes=[deliveries.aclose],
        forgets_user=[forget_deliveries],
        deletes=[delete_deliveries],
        removals=[Removal(kind="deliveries", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("payments",),
    reads=(
        "archive", "coupons", "ledger", "me", "merchants", "orders", "purchases", "stock",
    ),
    settings={DeliveryKeeping: "records"},
)  # fmt: skip
