"""The selection centre: merchants offer goods, hosts pick them and put them on their shelves."""

from server.feature import Engine, Feature, Running
from server.features.allotments import AllotmentBooks
from server.features.merchants import MerchantBooks
from server.features.offers import messages
from server.features.offers.centre import Centre
from server.features.offers.merchant_routes import MerchantOfferRoutes
from server.features.offers.offers import Offers
from server.features.offers.picks import Picks, forget_host
from server.features.offers.projection import SoldProjection
from server.features.offers.requests import OldRequests, Requests, forget_requests
from server.features.offers.routes import HostOfferRoutes, RoomPickRoutes
from server.features.offers.settings import OfferSettings, RequestKeeping
from server.features.offers.shelving import Shelving
from server.features.offers.suggestions import Suggestions
from server.features.shelf.shelf import Shelf
from server.features.terms.settings import FeeSettings
from server.rooms.retention import Removal


def _make(
    engine: Engine, merchants: MerchantBooks, shelf: Shelf, allotted: AllotmentBooks
) -> Running:
    records, limits = engine.records, engine.settings.section(OfferSettings)
    fee = engine.settings.section(FeeSettings).platform_fee_bps
    offers, picks = Offers(records, limits, fee), Picks(records, limits, fee)
    requests, old = Requests(records, limits, allotted.allotments), OldRequests(records)
    suggestions = Suggestions(records, limits.least_orders)
    shelving = Shelving(
        engine.store, engine.settings, engine.directory, picks, merchants.catalogue, shelf
    )
    shelf.renews = shelving.renew
    centre = Centre(records, limits.least_orders)
    days = engine.settings.section(RequestKeeping).keep_requests_days
    return Running(
        it=picks,
        takes=[shelving],
        routes=[
            *HostOfferRoutes(centre, suggestions, picks, requests).routes(),
            *RoomPickRoutes(shelving, engine.dispatch).routes(),
            *MerchantOfferRoutes(
                merchants.merchants, offers, picks, requests, suggestions
            ).routes(),
        ],
        projections=[SoldProjection()],
        forgets_user=[forget_host, forget_requests],
        removals=[Removal(kind="requests", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("merchants", "shelf", "allotments"),
    reads=("terms", "archive", "orders", "figures"),
    messages=messages,
    settings={OfferSettings: "offers", RequestKeeping: "records"},
)
