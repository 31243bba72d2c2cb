"""The settings of outbox."""

from pydantic import Field, SecretStr, field_validator

from server.settings.section import (
    SIGNING_SECRET_BYTES_MIN,
    Section,
    days_kept,
    limit,
    long_enough,
    secret_words,
)


class OutboxSettings(Section):
    """Tells every change of orders, stock and payments to another system."""

    url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where ledger lines are posted; empty posts nothing.",
    )
    secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SIGNING_SECRET_BYTES_MIN),
        description="Secret the posts are signed with; none leaves them unsigned.",
    )
    interval_s: float = limit(1, 0.01, 60, "How often rooms with something to post are looked for.")
    timeout_s: float = limit(10, 0.05, 300, "Time a post may take.")
    retry_s: float = limit(
        5,
        0.01,
        3600,
        "Pause of a room after a failed post; each further one is twice as long, up to 5 minutes.",
    )
    retry_for_s: float = limit(
        86_400, 0, 2_592_000, "Time over which a failing entry is posted before it is given up."
    )
    tries_max: int = limit(
        0,
        0,
        1000,
        "Posts of an entry before it is given up, even if that is earlier; 0 is no limit.",
    )
    batch_max: int = limit(50, 1, 1000, "Entries of a room in one post.")
    post_bytes_max: int = limit(
        262_144,
        1024,
        16_777_216,
        "Size, as stored, from which no further entry goes into a post; one entry always does.",
    )
    rooms_at_once: int = limit(64, 1, 1000, "Rooms that a worker posts for at the same time.")

    @field_validator("secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SIGNING_SECRET_BYTES_MIN)


class LetterKeeping(Section):
    """How long dead letters are kept; a field of the section of the records."""

    keep_dead_letters_days: float = days_kept(
        "Days after which a dead letter of the outbox is dropped, so that its room can leave Redis"
    )
