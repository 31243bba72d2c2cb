"""Statements of hosts and merchants, and the operator's routes: accounts, payouts, corrections."""

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from server.background.clock import DAY_MS, unix_ms
from server.features.accounts.balances import holding
from server.features.accounts.corrections import Corrections, JournalEvent
from server.features.accounts.journal import Move
from server.features.accounts.payout_ports import Outcome
from server.features.accounts.payouts import Batch, Payout, Payouts, PayoutsPage
from server.features.accounts.statements import EntriesPage, Span, Statement, Statements
from server.protocol.codes import CommandError
from server.protocol.fields import Currency
from server.protocol.input import Input
from server.protocol.roles import Role
from server.records.database import Database
from server.web.body import body_of
from server.web.caller import caller
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import cursor_to, old_cursor_to, one_place, with_cursor
from server.web.query import query_of
from server.web.route import Admits, Handler, Route

PER_PAGE_MAX = 100
ACCOUNTS_PER_PAGE = 500
ACCOUNTS_PER_PAGE_MIN = 200
"""As many as there are currencies: all those of an account stand on one page."""
_MS_MAX = 10**14
_DAYS_SHOWN_MS = 30 * DAY_MS
_AMOUNT_MAX = 10**15

_Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:@-]+$(?!\n)")]
_Reason = Annotated[str, Meta(min_length=1, max_length=500)]
_Place = Annotated[str, cursor_to(r"[0-9]{1,15}(-[0-9]{1,18}){4}")]
_PayoutPlace = Annotated[str, cursor_to(r"[0-9]{1,15}-[a-z0-9]{1,64}")]
_AnyName = r"(?s:.{1,100})"
_AnyCurrency = Annotated[str, Meta(pattern=r"^([A-Z]{3})?$(?!\n)", description="ISO 4217")]
_AccountName = Annotated[
    str, Meta(max_length=100, description="the name of an account, or its beginning")
]
_Limit = Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)]


class StatementQuery(Input, frozen=True):
    """Which span, [from_ms, to_ms); by default the last 30 days."""

    from_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0
    to_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0


class EntriesQuery(Input, frozen=True):
    """Which entries, the newest first: `limit` after the `cursor` of an earlier page."""

    currency: _AnyCurrency = ""
    cursor: _Place = ""
    limit: _Limit = 20


class OwnPayoutsQuery(Input, frozen=True):
    """Which part of the list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: _PayoutPlace = ""
    limit: _Limit = 20


class PayoutsQuery(Input, frozen=True):
    """Which payouts, the newest first: of an owner (`host/<id>`), in a state, or all."""

    owner: _AccountName = ""
    state: Literal["", "made", "handed_over", "sent", "failed"] = ""
    cursor: _PayoutPlace = ""
    limit: _Limit = 20


class BatchQuery(Input, frozen=True):
    """Names a batch of payouts by its key."""

    batch: Annotated[_Key, Meta(description="the key of a batch")]


class AccountsQuery(Input, frozen=True):
    """Which accounts, by name: those with a beginning, such as `host/h1/`, about `limit` after the
    `cursor` of an earlier page."""

    begins: _AccountName = ""
    cursor: Annotated[str, cursor_to(_AnyName)] = ""
    limit: Annotated[int, Meta(ge=ACCOUNTS_PER_PAGE_MIN, le=ACCOUNTS_PER_PAGE)] = ACCOUNTS_PER_PAGE
    after: Annotated[str, old_cursor_to(_AnyName)] = ""


class NewBatch(Input, frozen=True):
    """Pay out what is available to each owner who has at least `least` (minor units), in one
    currency or in all. `key` names the batch: the same key gives the same batch."""

    key: _Key
    least: Annotated[int, Meta(ge=1, le=_AMOUNT_MAX)] = 1
    currency: _AnyCurrency = ""


class PayoutOutcome(Input, frozen=True):
    """What became of a payout that a file handed over, or that a bank gave back later."""

    state: Literal["sent", "failed"]
    reason: Annotated[str, Meta(max_length=500)] = ""


class CorrectionEntry(Input, frozen=True):
    """An entry: what comes to an account, or leaves it (below zero), in minor units."""

    account: Annotated[str, Meta(min_length=1, max_length=100)]
    currency: Currency
    amount: Annotated[int, Meta(ge=-_AMOUNT_MAX, le=_AMOUNT_MAX)]


class NewCorrection(Input, frozen=True):
    """Entries that add up to zero in each currency, and why. `key` names the correction once."""

    key: _Key
    reason: _Reason
    entries: Annotated[list[CorrectionEntry], Meta(min_length=2, max_length=100)]


class NewReversal(Input, frozen=True):
    """Take a correction back, and why. `key` names the reversal once."""

    key: _Key
    reason: _Reason


class AccountBalance(Struct):
    """An account and the money it holds, in minor units."""

    account: str
    currency: str
    amount: int


class AccountsPage(Struct):
    """Accounts by name. `next` is the `cursor` of the following page."""

    accounts: list[AccountBalance]
    next: str | None = None


class StatementRoutes:
    """The statements of an owner: `kind` is `host` or `merchant`, whom the path names."""

    def __init__(
        self, statements: Statements, payouts: Payouts, kind: Literal["host", "merchant"]
    ) -> None:
        self._statements = statements
        self._payouts = payouts
        self._kind = kind

    def routes(self, least: Role, admits: Admits | None = None) -> list[Route]:
        """Every route with its types."""
        path, whose = f"/v1/{self._kind}s/{{{self._kind}}}", f"a {self._kind}"

        def route(name: str, summary: str, handler: Handler, **more: Any) -> Route:
            return Route("GET", f"{path}/{name}", summary, handler, least, admits=admits, **more)

        return [
            route("statements", f"Read the statements of {whose}.", self.read,
                  query=StatementQuery, result=list[Statement], bound="one a currency"),
            route("statements/entries", f"Read the entries of {whose}.", self.entries,
                  query=EntriesQuery, result=EntriesPage),
            route("statements.csv", f"Download the entries of {whose}.", self.csv,
                  query=StatementQuery),
            route("payouts", f"Read the payouts to {whose}.", self.payouts,
                  query=OwnPayoutsQuery, result=PayoutsPage),
        ]  # fmt: skip

    def _owner(self, request: web.Request) -> str:
        return f"{self._kind}/{request.match_info[self._kind]}"

    async def read(self, request: web.Request) -> web.Response:
        """`?from_ms=&to_ms=`: a statement for each currency."""
        span = _span(query_of(request, StatementQuery))
        return json_response(await self._statements.of(self._owner(request), span))

    async def entries(self, request: web.Request) -> web.Response:
        """`?currency=&cursor=&limit=20`: every entry, the newest first."""
        asked = query_of(request, EntriesQuery)
        owner = self._owner(request)
        page = await self._statements.entries(owner, asked.currency, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """`?from_ms=&to_ms=`: every entry of a span as CSV; times in UTC."""
        span, owner = _span(query_of(request, StatementQuery)), self._owner(request)
        name = f"statement-{owner.replace('/', '-')}"
        return await csv_response(request, name, self._statements.csv(owner, span))

    async def payouts(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: payouts, the newest first."""
        asked = query_of(request, OwnPayoutsQuery)
        owner = self._owner(request)
        page = await self._payouts.page(owner, "", asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))


class AccountRoutes:
    """The operator's routes."""

    def __init__(self, records: Database, payouts: Payouts, corrections: Corrections) -> None:
        self._records = records
        self._payouts = payouts
        self._corrections = corrections

    def routes(self) -> list[Route]:
        """Every route with its types."""
        admin = Role.ADMIN
        return [
            Route(
                "GET", "/v1/accounts", "Read what accounts hold.", self.accounts, admin,
                query=AccountsQuery, result=AccountsPage,
            ),
            Route(
                "GET", "/v1/payouts", "Read the payouts.", self.payouts, admin,
                query=PayoutsQuery, result=PayoutsPage,
            ),
            Route(
                "GET", "/v1/payouts.csv", "Download a batch of payouts.", self.csv, admin,
                query=BatchQuery,
            ),
            Route(
                "POST", "/v1/payouts", "Pay out what is available.", self.make, admin,
                body=NewBatch, result=Batch, no_key="its `key` names the batch once for ever",
            ),
            Route(
                "POST", "/v1/payouts/{payout}/outcome", "Say what became of a payout.",
                self.outcome, admin, body=PayoutOutcome, result=Payout,
                no_key="saying the same twice is saying it once",
            ),
            Route(
                "POST", "/v1/corrections", "Correct accounts.", self.correct, admin,
                body=NewCorrection, result=JournalEvent,
                no_key="its `key` names the correction once for ever",
            ),
            Route(
                "POST", "/v1/corrections/{event}/reversal", "Take a correction back.", self.reverse,
                admin, body=NewReversal, result=JournalEvent,
                no_key="its `key` names the reversal once for ever",
            ),
        ]  # fmt: skip

    async def accounts(self, request: web.Request) -> web.Response:
        """`?begins=&cursor=&limit=500`: accounts that hold something, or owe it, by name."""
        asked = query_of(request, AccountsQuery)
        after = one_place(asked.cursor, asked.after, "after")
        which = holding(after, asked.begins).limit(asked.limit + 1)
        async with self._records.reading() as connection:
            rows = (await connection.execute(which)).all()
        page = [AccountBalance(r.account, r.currency, int(r.amount)) for r in rows]
        if len(page) <= asked.limit:
            return json_response(AccountsPage(page))
        # All currencies of an account stand on one page.
        last = page[-1].account
        shown = [each for each in page if each.account != last]
        return json_response(with_cursor(request, AccountsPage(shown, shown[-1].account)))

    async def payouts(self, request: web.Request) -> web.Response:
        """`?owner=&state=&cursor=&limit=20`: payouts, the newest first."""
        asked = query_of(request, PayoutsQuery)
        page = await self._payouts.page(asked.owner, asked.state, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """`?batch=`: the payouts of a batch as CSV, for a bank."""
        batch = query_of(request, BatchQuery).batch
        return await csv_response(request, f"payouts-{batch}", self._payouts.csv(batch))

    async def make(self, request: web.Request) -> web.Response:
        """Make a batch: a payout for each owner with enough available. It is sent soon after."""
        body = await body_of(request, NewBatch)
        by = caller(request).user
        made = await self._payouts.make(body.key, by=by, least=body.least, currency=body.currency)
        return json_response(made)

    async def outcome(self, request: web.Request) -> web.Response:
        """Note that a payout arrived, or did not: then its money is available again."""
        body = await body_of(request, PayoutOutcome)
        if body.state == "failed" and not body.reason:
            raise CommandError("bad_message", "Say in `reason` why the payout failed.")
        of: tuple[Literal["handed_over", "sent"], ...] = (
            ("handed_over",) if body.state == "sent" else ("handed_over", "sent")
        )
        noted = await self._payouts.note(
            request.match_info["payout"], Outcome(body.state, body.reason), of=of,
            by=caller(request).user,
        )  # fmt: skip
        return json_response(noted)

    async def correct(self, request: web.Request) -> web.Response:
        """Write entries that no order made, with a reason. They must add up to zero."""
        body = await body_of(request, NewCorrection)
        moves = [Move(each.account, each.currency, each.amount) for each in body.entries]
        by = caller(request).user
        event = await self._corrections.correct(body.key, moves, by=by, reason=body.reason)
        return json_response(event)

    async def reverse(self, request: web.Request) -> web.Response:
        """Write the reversal of a correction: its entries with the other sign."""
        body = await body_of(request, NewReversal)
        named = request.match_info["event"]
        if not (named.isascii() and named.isdigit() and len(named) <= 15):
            raise CommandError("not_found", f"There is no event `{named[:64]}` in the journal.")
        event = await self._corrections.reverse(
            body.key, int(named), by=caller(request).user, reason=body.reason
        )
        return json_response(event)


def _span(asked: StatementQuery) -> Span:
    to_ms = asked.to_ms or unix_ms() + 1
    return Span(asked.from_ms or max(0, to_ms - _DAYS_SHOWN_MS), to_ms)
