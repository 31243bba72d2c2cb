"""The settings of webhooks."""

from ipaddress import ip_network

from pydantic import Field, field_validator

from server.settings.section import DAYS_MAX, Section, limit


class WebhookSettings(Section):
    """Tells typed events to the endpoints that admins made by REST."""

    allowed_networks: tuple[str, ...] = Field(
        (),
        description="Networks, such as 10.1.0.0/16, in which endpoints may be though they are "
        "private; in development this machine is, too.",
    )
    endpoints_max: int = limit(20, 1, 100, "Endpoints that there can be.")
    interval_s: float = limit(1, 0.01, 60, "How often events to tell are looked for.")
    timeout_s: float = limit(20, 0.05, 120, "Time a post may take.")
    posts_at_once: int = limit(8, 1, 100, "Rooms that an endpoint is told at the same time.")
    retry_s: float = limit(
        5, 0.01, 3600, "Pause of a room after a failed post; each further one is 3 times as long."
    )
    retry_max_s: float = limit(7200, 0.01, 86_400, "Longest pause between posts of one event.")
    retry_for_s: float = limit(
        259_200,
        0,
        2_592_000,
        "Time over which a failing event is posted before it is given up, or its endpoint disabled "
        "if that took nothing else meanwhile.",
    )
    lease_s: float = limit(
        20, 1, 600, "Time after which another worker tells when the one that did is gone."
    )

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError(
                    f"{network!r} is no network: write it as 10.1.0.0/16 or fd00::/8"
                ) from None
        return networks


class DeliveryKeeping(Section):
    """How long the log of deliveries is kept; a field of the section of the records."""

    keep_webhook_deliveries_days: float = limit(
        30,
        0,
        DAYS_MAX,
        "Days after which a line of the log of webhook deliveries is removed; 0 is for ever.",
    )
