"""Every feature of a room, wired together: the list that a new one is added to."""

from server.metrics import Metrics
from server.rooms.comments import Comments
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch, Feature
from server.rooms.likes import Likes
from server.rooms.moderation import Moderation
from server.rooms.orders import Orders
from server.rooms.payments import PaymentProvider
from server.rooms.phases import Phases
from server.rooms.refunds import Refunds
from server.rooms.sales import Sales
from server.rooms.shelf import Shelf
from server.rooms.waitlist import Waitlist
from server.settings import Settings
from server.store.scripts import Scripts


class Features:
    """The features of one worker, and the dispatch that leads commands to them."""

    def __init__(
        self, scripts: Scripts, settings: Settings, provider: PaymentProvider, metrics: Metrics
    ) -> None:
        self.directory = Directory(scripts, settings)
        self.sales = Sales(scripts, settings)
        self.orders = Orders(scripts, settings, provider, metrics)
        self.refunds = Refunds(scripts, settings, provider)
        self.all: list[Feature] = [
            Comments(scripts, settings, metrics),
            Likes(scripts, settings, metrics),
            Shelf(scripts, settings),
            Phases(scripts, settings, self.sales.close_all),
            Moderation(scripts, settings, self.directory.host_of),
            self.sales,
            self.orders,
            Waitlist(scripts, settings),
            self.refunds,
        ]
        self.dispatch = Dispatch(self.all, self.directory.host_of)
