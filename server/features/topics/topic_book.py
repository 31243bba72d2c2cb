"""The book of topics: written by operators, read by everybody."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.actions.moderation_log import note_action
from server.features.topics.cards import Card, Cards, Thing
from server.features.topics.settings import TopicSettings
from server.features.topics.tables import THINGS, TOPICS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.forgotten import FORGOTTEN
from server.records.upsert import insert_into
from server.rooms.plain_text import shown_text
from server.store.action_log import Action

TITLE_CHARS_MAX = 80
TEXT_CHARS_MAX = 1000
_COLUMNS = ("topic", "title", "text", "starts", "ends")


class TopicHead(Struct, frozen=True, kw_only=True):
    """A theme with its dates: from `starts` to `ends` (Unix ms; 0: without)."""

    topic: str
    title: str
    text: str
    starts: int
    ends: int


class TopicView(TopicHead, frozen=True, kw_only=True):
    """A topic as everybody sees it, with the rooms and notes that may be seen now, in order."""

    cards: list[Card]


class OwnTopic(TopicHead, frozen=True, kw_only=True):
    """A topic as operators see it: all it names, whether it is `shown`, and who changed it last."""

    things: list[Thing]
    shown: bool
    made: int
    changed: int
    by: str


class TopicsPage(Struct, frozen=True):
    """All topics, the one that starts last first. `next` is the `cursor` of the following page;
    null at the end."""

    topics: list[OwnTopic]
    next: str | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """A topic as the operator wants it to be."""

    title: str
    text: str
    starts: int
    ends: int
    shown: bool
    things: Sequence[Thing]


class TopicBook:
    """Reads and writes topics. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database, settings: TopicSettings, cards: Cards) -> None:
        self._records = records
        self._settings = settings
        self.cards = cards

    async def put(self, topic: str, wanted: Wanted, by: str) -> OwnTopic:
        """Make a topic, or change all of it. The log says `by` whom."""
        title = shown_text("title", wanted.title, TITLE_CHARS_MAX)
        text = shown_text("text", wanted.text, TEXT_CHARS_MAX) if wanted.text.strip() else ""
        things = list(dict.fromkeys(wanted.things))
        self._must_fit(wanted, things)
        await self.cards.must_be_shown(await self._new_things(topic, things))
        now = unix_ms()
        said = {
            "title": title, "text": text, "starts": wanted.starts, "ends": wanted.ends,
            "shown": wanted.shown, "changed": now, "by": by,
        }  # fmt: skip
        async with self._records.writing() as connection:
            put = insert_into(connection, TOPICS).values(topic=topic, made=now, **said)
            put = put.on_conflict_do_update(index_elements=["topic"], set_=said)
            is_new = await connection.scalar(put.returning(TOPICS.c.made)) == now
            if is_new:
                await self._must_have_place(connection)
            await connection.execute(delete(THINGS).where(THINGS.c.topic == topic))
            if things:
                rows = [
                    {"topic": topic, "n": n, "kind": thing.kind, "ref": thing.id}
                    for n, thing in enumerate(things)
                ]
                await connection.execute(THINGS.insert(), rows)
            what = "make_topic" if is_new else "change_topic"
            await note_action(
                connection, Action(now, by, what, ref=topic, details={"title": title})
            )
            return (await _read_own(connection, TOPICS.c.topic == topic))[0]

    async def drop(self, topic: str, by: str) -> None:
        """Take a topic away; what it showed stays where it is."""
        async with self._records.writing() as connection:
            gone = delete(TOPICS).where(TOPICS.c.topic == topic).returning(TOPICS.c.title)
            title = await connection.scalar(gone)
            if title is None:
                raise no_topic(topic)
            await connection.execute(delete(THINGS).where(THINGS.c.topic == topic))
            action = Action(unix_ms(), by, "drop_topic", ref=topic, details={"title": title})
            await note_action(connection, action)

    async def page(self, cursor: str, limit: int) -> TopicsPage:
        """All topics, drafts too."""
        place = TOPICS.c.starts, TOPICS.c.topic
        asked = select(TOPICS.c.topic).order_by(place[0].desc(), place[1].desc()).limit(limit + 1)
        if cursor:
            starts, _, topic = cursor.partition("-")
            asked = asked.where(
                (place[0] < int(starts)) | ((place[0] == int(starts)) & (place[1] < topic))
            )
        async with self._records.reading() as connection:
            ids = (await connection.scalars(asked)).all()
            own = await _read_own(connection, TOPICS.c.topic.in_(ids[:limit]))
        own.sort(key=lambda each: (each.starts, each.topic), reverse=True)
        last = own[-1] if len(ids) > limit else None
        return TopicsPage(own, None if last is None else f"{last.starts}-{last.topic}")

    async def calendar(self, now: int) -> list[TopicHead]:
        """The topics that everybody may see and that are not over, the first to start first."""
        running = (TOPICS.c.ends == 0) | (TOPICS.c.ends > now)
        asked = select(TOPICS).where(TOPICS.c.shown, running)
        asked = asked.order_by(TOPICS.c.starts, TOPICS.c.topic).limit(self._settings.topics_max)
        async with self._records.reading() as connection:
            return [_head(row) for row in await connection.execute(asked)]

    async def view(self, topic: str) -> TopicView:
        """A topic with what it shows. Raises CommandError `not_found`, of a draft too."""
        async with self._records.reading() as connection:
            found = await _read_own(connection, (TOPICS.c.topic == topic) & TOPICS.c.shown)
        if not found:
            raise no_topic(topic)
        own = found[0]
        cards = await self.cards.read(own.things, source_of(topic))
        shown = [cards[thing] for thing in own.things if thing in cards]
        return TopicView(**{name: getattr(own, name) for name in _COLUMNS}, cards=shown)

    async def titles(self, topics: Sequence[str]) -> dict[str, str]:
        """The titles of topics that are there, drafts too."""
        asked = select(TOPICS.c.topic, TOPICS.c.title).where(TOPICS.c.topic.in_(topics))
        async with self._records.reading() as connection:
            return {row.topic: row.title for row in await connection.execute(asked)}

    async def _new_things(self, topic: str, things: Sequence[Thing]) -> list[Thing]:
        """Those that the topic has not yet: what it has may have gone meanwhile."""
        async with self._records.reading() as connection:
            known = await _read_own(connection, TOPICS.c.topic == topic)
        have = set(known[0].things) if known else set()
        return [thing for thing in things if thing not in have]

    async def _must_have_place(self, connection: AsyncConnection) -> None:
        count = int(await connection.scalar(select(func.count()).select_from(TOPICS)) or 0)
        if count > self._settings.topics_max:
            raise CommandError(
                "conflict",
                f"There can be {self._settings.topics_max} topics; take one away first.",
            )

    def _must_fit(self, wanted: Wanted, things: Sequence[Thing]) -> None:
        if wanted.ends and wanted.ends <= wanted.starts:
            raise CommandError("bad_message", "`ends` must come after `starts`, or be 0.")
        if len(things) > self._settings.things_max:
            raise CommandError(
                "too_long", f"A topic can show {self._settings.things_max} rooms and notes."
            )


def source_of(topic: str) -> str:
    """Return what a link from a topic's page says brought the viewer: the feed, with the topic's
    name."""
    return f"feed:topic.{topic}"


def no_topic(topic: str) -> CommandError:
    """The refusal of a topic that is not there."""
    return CommandError("not_found", f"There is no topic `{topic}`.")


async def forget_topics(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of an operator who changed topics."""
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    gone = await connection.scalar(asked) or ""
    await connection.execute(update(TOPICS).where(TOPICS.c.by == user).values(by=gone))


async def delete_room_of_topics(connection: AsyncConnection, room: str) -> None:
    """Take a room that is deleted out of topics."""
    which = (THINGS.c.kind == "room") & (THINGS.c.ref == room)
    await connection.execute(delete(THINGS).where(which))


async def _read_own(connection: AsyncConnection, which: Any) -> list[OwnTopic]:
    rows = (await connection.execute(select(TOPICS).where(which))).all()
    things: dict[str, list[Thing]] = {row.topic: [] for row in rows}
    asked = select(THINGS).where(THINGS.c.topic.in_(things)).order_by(THINGS.c.topic, THINGS.c.n)
    for thing in await connection.execute(asked):
        things[thing.topic].append(Thing(thing.kind, thing.ref))
    more = ("shown", "made", "changed", "by")
    return [
        OwnTopic(
            **{name: getattr(row, name) for name in (*_COLUMNS, *more)}, things=things[row.topic]
        )
        for row in rows
    ]


def _head(row: Any) -> TopicHead:
    return TopicHead(**{name: getattr(row, name) for name in _COLUMNS})
