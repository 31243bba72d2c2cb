"""The server's Prometheus metrics; no label names a room or a user."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.registry import Collector

from server.background.troubles import FAILURES
from server.protocol.codes import CLOSES

_FAST_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_OUTCOMES = ("ok", "unavailable", "internal")
"""Outcomes shown for every command from the start. Refusals by a room's rules appear when the first
one happens: all of them for every command would be a thousand samples that stay 0."""
_REASONS = ("full", "400", "403", "404", "426", "503")
PAGES = (
    "home", "watch", "h", "note", "write", "topic", "host", "ops", "login", "me", "select",
    "merchant",
)  # fmt: skip
"""The pages, as their reports of errors name them."""
PAGE_ERROR_KINDS = ("error", "rejection", "load", "policy")
"""Uncaught, a promise's, a file that could not be loaded, against the Content-Security-Policy."""
_POSTS = ("ok", "refused", "unanswered")
_READINGS = ("ok", "failed")
_IMPRESSIONS = ("counted", "dropped")
_SENDERS = ("address", "user", "service", "command")
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class _FirstReading(Collector):
    """Has no metrics of its own: is read before all others, and lets them begin at 0."""

    def __init__(self) -> None:
        self.begins: list[Callable[[], None]] = []

    def collect(self) -> Iterable[Metric]:
        """Let each begin, once."""
        while self.begins:
            self.begins.pop()()
        return ()


class Metrics:
    """All metrics of one worker. docs/operations.md says what to do when one is bad."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._first_reading = _FirstReading()
        registry.register(self._first_reading)
        registry.register(FAILURES)
        self._make_connections(registry)
        self._make_commands(registry)
        self._make_passes(registry)
        self._make_bus(registry)
        self._make_process(registry)
        self._make_records(registry)
        self._make_scripts(registry)
        self._make_orders(registry)
        self._make_outbox(registry)
        self._make_webhooks(registry)
        self._make_pages(registry)
        self._make_feed(registry)

    def before_first_reading(self, begin: Callable[[], None]) -> None:
        """Have `begin` called before all metrics are read for the first time.

        Samples that must be seen as 0 are made there: a sample that first appears as 1 has no rate.
        To make them all at the start took a third of a worker's start.
        """
        self._first_reading.begins.append(begin)

    def begin_at_zero(self, ops: Iterable[str]) -> None:
        """Show known samples as 0 from the first reading.

        `ops` are the commands' names. The metrics of scripts begin in the code that runs them.
        """
        known = tuple(ops)
        self.before_first_reading(lambda: self._begin_at_zero(known))

    def _begin_at_zero(self, ops: Iterable[str]) -> None:
        for op in ops:
            self.command_seconds.labels(op)
            for outcome in _OUTCOMES:
                self.commands.labels(op, outcome)
        for close in CLOSES:
            self.closed.labels(str(close.code))
        for reason in _REASONS:
            self.rejected.labels(reason)
        for page in PAGES:
            for kind in PAGE_ERROR_KINDS:
                self.page_errors.labels(page, kind)
        for outcome in _POSTS:
            self.outbox_posts.labels(outcome)
        for outcome in _READINGS:
            self.key_readings.labels(outcome)
        for sender in _SENDERS:
            self.requests_limited.labels(sender)

    def _make_connections(self, registry: CollectorRegistry) -> None:
        self.connections = Gauge("liveroom_connections", "Connections open now.", registry=registry)
        self.event_streams = Gauge(
            "liveroom_event_streams",
            "Of the open connections, those that listen by HTTP.",
            registry=registry,
        )
        self.rooms = Gauge("liveroom_rooms", "Rooms open on this worker.", registry=registry)
        self.rooms_awake = Gauge(
            "liveroom_rooms_awake",
            "Rooms in which something can be due, over all workers; each worker visits them.",
            registry=registry,
        )
        self.rejected = Counter(
            "liveroom_rejected", "Connections refused, by reason.", ["reason"], registry=registry
        )
        self.closed = Counter(
            "liveroom_closed", "Connections closed, by close code.", ["code"], registry=registry
        )
        self.joins = Counter("liveroom_joins", "Joins answered ok.", registry=registry)
        self.event_stream_joins = Counter(
            "liveroom_event_stream_joins", "Of these joins, those by HTTP.", registry=registry
        )

    def _make_commands(self, registry: CollectorRegistry) -> None:
        self.commands = Counter(
            "liveroom_commands",
            "Commands answered, by op and outcome (ok or the error's code).",
            ["op", "outcome"],
            registry=registry,
        )
        self.posted_commands = Counter(
            "liveroom_posted_commands", "Of these commands, those by HTTP.", registry=registry
        )
        self.command_seconds = Histogram(
            "liveroom_command_seconds",
            "From a command read to its reply written, by op.",
            ["op"],
            buckets=_FAST_S,
            registry=registry,
        )
        self.requests_limited = Counter(
            "liveroom_requests_limited",
            "HTTP requests refused because of their rate, by whose: address, user, service; "
            "commands by HTTP: command.",
            ["sender"],
            registry=registry,
        )
        self.key_readings = Counter(
            "liveroom_token_key_readings",
            "Readings of the public keys of tokens: ok, failed.",
            ["outcome"],
            registry=registry,
        )

    def _make_passes(self, registry: CollectorRegistry) -> None:
        self.delivered = Counter(
            "liveroom_comments_delivered", "Comments written to members.", registry=registry
        )
        self.sampled_out = Counter(
            "liveroom_comments_sampled_out",
            "Comments not written to members because of their budget; they were told how many.",
            registry=registry,
        )
        self.conflated = Counter(
            "liveroom_conflated", "Values replaced by a newer one before a pass.", registry=registry
        )
        self.frames = Counter("liveroom_frames", "Frames written by passes.", registry=registry)
        self.bytes_out = Counter(
            "liveroom_sent_bytes", "Bytes written by passes.", registry=registry
        )
        self.tick_seconds = Gauge(
            "liveroom_tick_seconds",
            "Time over which messages were gathered for the last pass.",
            registry=registry,
        )
        self.pass_member_seconds = Gauge(
            "liveroom_pass_member_seconds",
            "Time a pass takes for each member, smoothed; the tick follows from it.",
            registry=registry,
        )
        self.other_work_ratio = Gauge(
            "liveroom_other_work_ratio",
            "Share of a core that the worker uses between passes; the tick follows from it.",
            registry=registry,
        )
        self.pass_seconds = Histogram(
            "liveroom_pass_seconds",
            "From the start of a pass over an audience to its end.",
            buckets=_FAST_S,
            registry=registry,
        )
        self.cut_behind = Counter(
            "liveroom_cut_behind", "Members cut because they did not read.", registry=registry
        )

    def _make_bus(self, registry: CollectorRegistry) -> None:
        self.bus_messages = Counter(
            "liveroom_bus_messages", "Messages heard on the bus.", registry=registry
        )
        self.bus_losses = Counter(
            "liveroom_bus_losses",
            "Times a connection of the bus was lost or stopped to deliver.",
            registry=registry,
        )
        self.gap_fills = Counter(
            "liveroom_gap_fills",
            "Losses on the bus filled from a room's stream.",
            registry=registry,
        )
        self.bus_lag_seconds = Gauge(
            "liveroom_bus_lag_seconds", "Time of the last probe through Redis.", registry=registry
        )

    def _make_process(self, registry: CollectorRegistry) -> None:
        self.loop_lag_seconds = Histogram(
            "liveroom_loop_lag_seconds",
            "How late a timer of the event loop fires.",
            buckets=_FAST_S,
            registry=registry,
        )
        self.collector_pause_seconds = Histogram(
            "liveroom_collector_pause_seconds",
            "How long Python's collector of cycles stopped the worker, by generation.",
            ["generation"],
            buckets=_FAST_S,
            registry=registry,
        )

    def _make_records(self, registry: CollectorRegistry) -> None:
        self.records_archived_entries = Counter(
            "liveroom_records_archived_entries",
            "Entries of rooms' streams copied to the records.",
            registry=registry,
        )
        self.records_retired_rooms = Counter(
            "liveroom_records_retired_rooms",
            "Rooms that left Redis for the records.",
            registry=registry,
        )
        self.records_restored_rooms = Counter(
            "liveroom_records_restored_rooms",
            "Rooms brought back to Redis from the records.",
            registry=registry,
        )
        self.records_behind_seconds = Gauge(
            "liveroom_records_behind_seconds",
            "How long ago the records had everything; 0 on workers that do not copy.",
            registry=registry,
        )
        self.records_set_aside = Gauge(
            "liveroom_records_set_aside",
            "Rows that a projection can't fold, in all rooms; 0 on workers that do not copy.",
            registry=registry,
        )

    def _make_scripts(self, registry: CollectorRegistry) -> None:
        self.store_errors = Counter(
            "liveroom_store_errors",
            "Scripts that Redis did not answer, by script.",
            ["script"],
            registry=registry,
        )
        self.batch_size = Histogram(
            "liveroom_batch_size",
            "Items sent to Redis in one script call, by script.",
            ["script"],
            buckets=_SIZES,
            registry=registry,
        )
        self.script_seconds = Histogram(
            "liveroom_script_seconds",
            "From a script sent to its result read, by script.",
            ["script"],
            buckets=_FAST_S,
            registry=registry,
        )

    def _make_orders(self, registry: CollectorRegistry) -> None:
        self.orders = Counter(
            "liveroom_orders",
            "Orders answered or swept, by the status they came to.",
            ["status"],
            registry=registry,
        )
        self.asks_lost = Counter(
            "liveroom_asks_lost",
            "Asks for the link that were answered and not counted for the host.",
            registry=registry,
        )

    def _make_outbox(self, registry: CollectorRegistry) -> None:
        self.outbox_lines = Gauge(
            "liveroom_outbox_lines_waiting",
            "Ledger lines of all rooms that wait to be told.",
            registry=registry,
        )
        self.outbox_lag_seconds = Gauge(
            "liveroom_outbox_lag_seconds",
            "How old the oldest ledger line is that waits to be told, over all rooms.",
            registry=registry,
        )
        self.outbox_rooms_failing = Gauge(
            "liveroom_outbox_rooms_failing",
            "Rooms whose last post failed, and which try again.",
            registry=registry,
        )
        self.outbox_dead_letters = Gauge(
            "liveroom_outbox_dead_letters",
            "Ledger entries of all rooms that were given up.",
            registry=registry,
        )
        self.outbox_posts = Counter(
            "liveroom_outbox_posts",
            "Posts of the outbox: ok, refused (an answer other than 2xx), unanswered.",
            ["outcome"],
            registry=registry,
        )

    def _make_pages(self, registry: CollectorRegistry) -> None:
        self.page_errors = Counter(
            "liveroom_page_errors",
            "Errors that browsers reported of our pages, by page and kind.",
            ["page", "kind"],
            registry=registry,
        )
        self.page_errors_dropped = Counter(
            "liveroom_page_errors_dropped",
            "Reports of page errors that were refused because there were too many.",
            registry=registry,
        )

    def _make_feed(self, registry: CollectorRegistry) -> None:
        self.feed_page_seconds = Histogram(
            "liveroom_feed_page_seconds",
            "From a request for a page of the feed to its rows.",
            buckets=_FAST_S,
            registry=registry,
        )
        self.feed_impressions = Counter(
            "liveroom_feed_impressions",
            "Rows of the feed that were seen: counted, dropped (too many wait to be written).",
            ["outcome"],
            registry=registry,
        )
        for outcome in _IMPRESSIONS:
            self.feed_impressions.labels(outcome)

    def _make_webhooks(self, registry: CollectorRegistry) -> None:
        self.webhook_lines = Gauge(
            "liveroom_webhook_lines_waiting",
            "Ledger lines that wait for a webhook endpoint; told by the worker that serves them.",
            ["endpoint"],
            registry=registry,
        )
        self.webhook_lag_seconds = Gauge(
            "liveroom_webhook_lag_seconds",
            "How long the first ledger line has waited for a webhook endpoint; likewise.",
            ["endpoint"],
            registry=registry,
        )
        self.webhook_active = Gauge(
            "liveroom_webhook_active",
            "Whether a webhook endpoint is told events: 0 if it is paused or disabled; likewise.",
            ["endpoint"],
            registry=registry,
        )
        self.webhook_posts = Counter(
            "liveroom_webhook_posts",
            "Posts to a webhook endpoint: ok, refused (an answer other than 2xx), unanswered.",
            ["endpoint", "outcome"],
            registry=registry,
        )
