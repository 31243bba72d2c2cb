"""Auctions: one unit goes to the highest bidder, for whom the server bids."""

from server.feature import Engine, Feature, Running
from server.features.allotments.transfers import Transfers
from server.features.auctions import facts, ledger_lines, messages
from server.features.auctions.auctions import Auctions
from server.features.auctions.mine import AuctionMine
from server.features.auctions.routes import AuctionRoutes
from server.features.auctions.settings import AuctionSettings
from server.features.auctions.snapshot import AuctionsPart
from server.features.auctions.staff import MerchantStaff
from server.features.merchants import MerchantBooks
from server.rooms.sweeper import Due


def _make(engine: Engine, transfers: Transfers, books: MerchantBooks) -> Running:
    staff = MerchantStaff(engine.store, books.merchants)
    auctions = Auctions(engine.store, engine.settings, transfers, engine.metrics, staff)
    return Running(
        it=auctions,
        takes=[auctions],
        routes=AuctionRoutes(auctions).routes(),
        closes=[auctions.aclose],
        due=[Due(key="auction_ends", script="auctions.due", args=auctions.falling)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("allotments", "merchants"),
    reads=("ledger", "shelf", "stock", "coupons", "terms", "orders", "sales", "rounds"),
    messages=messages,
    facts=facts,
    ledger_lines=ledger_lines,
    settings={AuctionSettings: "auctions"},
    part=AuctionsPart,
    mine=AuctionMine,
    keys={
        "auctions": "hash auction -> packed auction with its secrets, see _auctions.lua",
        "auction_ends": "zset: open auction by the ms its hammer falls",
        "bidders": "hash <auction>/<user> -> packed {user, name, paddle, max, n, source, meta}",
        "bid_ranks": (
            "zset: <auction>/<what the maximum lacks to 10^13, of 14 digits>/<bid of 10 digits>/"
            "<user>, all with score 0, so in the order in which bidders come"
        ),
        "bid_keys": "hash <bytes in user>:<user>/<key> -> <auction> <maximum> of that bid",
    },
    people={
        "bidders": "<other>/<user>",
        "bid_ranks": "<other>/<other>/<other>/<user>",
        "bid_keys": "<sized user>/<rest>",
    },
)
