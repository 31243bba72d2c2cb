"""The settings of payments."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from server.settings.section import (
    SIGNING_SECRET_BYTES_MIN,
    Section,
    limit,
    long_enough,
    secret_words,
    words,
)


class PaymentSettings(Section):
    """Settings of payments: who takes the money, and how orders are settled with them."""

    provider: Literal["", "sandbox", "webhook"] = Field(
        "",
        json_schema_extra=words("sandbox or webhook, or empty in development"),
        description="sandbox takes no money, for demos and tests; webhook waits for signed "
        "messages of the real provider. Required outside development, where empty is sandbox.",
    )
    sandbox_delay_ms: int = limit(0, 0, 60_000, "Time the sandbox takes to answer.")
    refund_retry_s: float = limit(30, 0.05, 86_400, "Time before a refund is tried again.")

    webhook_secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SIGNING_SECRET_BYTES_MIN),
        description="Secret the payment provider signs with; none refuses every message.",
    )
    tolerance_s: float = limit(300, 1, 86_400, "Age a signed message may have.")

    @field_validator("webhook_secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SIGNING_SECRET_BYTES_MIN)
