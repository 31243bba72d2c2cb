"""The settings of outbox."""

from pydantic import Field, SecretStr, field_validator

from server.settings.section import (
    SIGNING_SECRET_BYTES_MIN,
    Section,
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
    interval_s: float = limit(1, 0.01, 60, "Pause when there was nothing to post.")
    timeout_s: float = limit(10, 0.05, 300, "Time a post may take.")
    retry_s: float = limit(
        5, 0.01, 3600, "Pause before the first retry; each further one is twice as long."
    )
    tries_max: int = limit(10, 1, 1000, "Posts of an entry before it is given up.")
    batch_max: int = limit(50, 1, 1000, "Entries taken at once.")

    @field_validator("secret")
    @classmethod
    def _secret_islong_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SIGNING_SECRET_BYTES_MIN)
