"""Every feature of a room, wired together: the list that a new one is added to."""

from collections.abc import Callable

from server.metrics import Metrics
from server.rooms.community.announcing import Announcer
from server.rooms.community.belonging import Belonging
from server.rooms.community.following import Following
from server.rooms.community.groups import Groups
from server.rooms.community.luckies import Luckies
from server.rooms.community.polls import Polls
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch, Feature
from server.rooms.moderating.moderation import Moderation
from server.rooms.moderating.moderators import Moderators
from server.rooms.moderating.review import Review
from server.rooms.moderating.rules import Rules
from server.rooms.own import Own
from server.rooms.phases import Phases
from server.rooms.room import Room
from server.rooms.selling.coupons import Coupons
from server.rooms.selling.orders import Orders
from server.rooms.selling.payments import PaymentProvider
from server.rooms.selling.refunds import Refunds
from server.rooms.selling.sales import Sales
from server.rooms.selling.shelf import Shelf
from server.rooms.selling.waitlist import Waitlist
from server.rooms.showing import Showings
from server.rooms.talk.asks import Asks
from server.rooms.talk.comments import Comments
from server.rooms.talk.desk import Desks
from server.rooms.talk.intent_rules import read_rules
from server.rooms.talk.likes import Likes
from server.rooms.talk.permits import Permits
from server.rooms.talk.questions import Questions
from server.settings import Settings
from server.store.scripts import Scripts


class Features:
    """The features of one worker, and the dispatch that leads commands to them.

    `open_room` gives a room if it is open on this worker. Raises SettingsError.
    """

    def __init__(
        self,
        scripts: Scripts,
        settings: Settings,
        provider: PaymentProvider,
        metrics: Metrics,
        open_room: Callable[[str], Room | None] = lambda _: None,
    ) -> None:
        self.directory = Directory(scripts, settings)
        self.sales = Sales(scripts, settings)
        self.orders = Orders(scripts, settings, provider, metrics)
        self.refunds = Refunds(scripts, settings, provider)
        belonging = Belonging(scripts, self.directory.host_of)
        self.coupons = Coupons(scripts, settings, belonging, metrics)
        self.polls = Polls(scripts, settings, metrics)
        self.luckies = Luckies(scripts, settings, belonging, metrics)
        self.own = Own(scripts, self.orders.of, self.directory.host_of)
        self.groups = Groups(scripts, settings, self.directory, self.orders, open_room)
        following = Following(
            scripts, settings, self.directory.hosts, self.directory.host_of, metrics
        )
        self.announcer = Announcer(scripts, settings, following.refresh)
        questions = Questions(scripts, settings, metrics, self.directory.host_of)
        self.rules = Rules(scripts, settings)
        self.asks = Asks(
            scripts,
            settings,
            metrics,
            Showings(open_room, self.directory.read),
            questions,
            Permits(scripts, settings, metrics, self.rules, belonging),
            read_rules(settings.asks.rules_file),
        )
        moderators = Moderators(scripts, settings, self.directory.host_of)
        comments = Comments(scripts, settings, metrics, self.rules, belonging, heed=self.asks)
        self.all: list[Feature] = [
            comments,
            self.asks,
            questions,
            Desks(scripts, questions.settle),
            Likes(scripts, settings, metrics),
            Shelf(scripts, settings),
            Phases(scripts, settings, self.sales.close_all, self.announcer.start),
            Moderation(scripts, settings, self.directory.host_of),
            self.rules,
            Review(scripts, settings, comments.passed),
            moderators,
            self.sales,
            self.orders,
            self.coupons,
            self.polls,
            self.luckies,
            Waitlist(scripts, settings),
            self.refunds,
            following,
            self.groups,
        ]
        self.dispatch = Dispatch(
            self.all, self.directory.host_of, self.groups.must_be_let_in, moderators.has
        )
