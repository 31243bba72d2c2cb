"""What serving asks for beyond values that are allowed: a shop that is left half set up."""

from server.settings.load import SettingsError
from server.settings.model import Settings


def must_be_able_to_serve(settings: Settings) -> None:
    """Refuse to serve when nobody has said who takes the money. Raises SettingsError.

    Only serving asks: a token is made, or an audit run, without a payment provider.
    """
    payments = settings.payments
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
