"""The metrics of the outbox: what waits, for how long, and what is given up."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from server.features.outbox.looks import Look
from server.telemetry.metrics import Metrics

_OUTCOMES = ("ok", "refused", "unanswered")


class OutboxMetrics:
    """The gauges are of all rooms as this worker last saw them, so each worker tells the same."""

    def __init__(self, metrics: Metrics | None) -> None:
        registry = CollectorRegistry() if metrics is None else metrics.registry
        self._lines = Gauge(
            "liveroom_outbox_lines_waiting",
            "Ledger lines of all rooms that wait to be told.",
            registry=registry,
        )
        self._lag = Gauge(
            "liveroom_outbox_lag_seconds",
            "How old the oldest ledger line is that waits to be told, over all rooms.",
            registry=registry,
        )
        self._failing = Gauge(
            "liveroom_outbox_rooms_failing",
            "Rooms whose last post failed, and which try again.",
            registry=registry,
        )
        self._dead = Gauge(
            "liveroom_outbox_dead_letters",
            "Ledger entries of all rooms that were given up.",
            registry=registry,
        )
        self._posts = Counter(
            "liveroom_outbox_posts",
            "Posts by outcome: ok, refused (an answer other than 2xx), unanswered.",
            ["outcome"],
            registry=registry,
        )
        for outcome in _OUTCOMES:
            self._posts.labels(outcome)

    def posted(self, outcome: str) -> None:
        """Count a post."""
        self._posts.labels(outcome).inc()

    def show(self, looks: Sequence[Look]) -> None:
        """Show the rooms that have something waiting or given up."""
        self._lines.set(sum(look.lines for look in looks))
        self._lag.set(max((look.lag_s for look in looks), default=0.0))
        self._failing.set(sum(look.tries > 0 for look in looks))
        self._dead.set(sum(look.dead for look in looks))
