"""Checks the payment settings before serving, so that no shop runs half set up."""

import logging

from server.features.payments.settings import PaymentSettings
from server.settings import Settings, SettingsError

_log = logging.getLogger(__name__)


def must_be_able_to_serve(settings: Settings) -> None:
    """Refuse to serve if no payment provider is configured. Raises SettingsError.

    Only serving needs one; making a token or running an audit does not.
    """
    payments = settings.section(PaymentSettings)
    if not payments.provider and settings.mode != "development":
        raise SettingsError(
            f"payments.provider is required in {settings.mode} mode: set "
            "LIVEROOM_PAYMENTS_PROVIDER to webhook, or to sandbox, which takes no money: whoever "
            "pays has paid."
        )
    if payments.provider == "webhook" and payments.webhook_secret is None:
        raise SettingsError(
            "payments.provider = webhook needs payments.webhook_secret, which the provider signs "
            "its messages with: set LIVEROOM_PAYMENTS_WEBHOOK_SECRET, or no order is ever paid."
        )


def start_facts(settings: Settings) -> dict[str, str]:
    """The facts about payments for the log's first line; warns if no money is taken."""
    provider = settings.section(PaymentSettings).provider or "sandbox"
    if settings.mode == "production" and provider == "sandbox":
        _log.warning("payments.provider = sandbox takes no money: every order counts as paid.")
    return {"provider": provider}
