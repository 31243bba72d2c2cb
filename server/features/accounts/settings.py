"""The settings of accounts."""

from typing import Literal

from pydantic import Field

from server.features.returns.settings import ReturnSettings
from server.settings import Settings, SettingsError
from server.settings.section import Section, limit

DAY_S = 86_400


class AccountSettings(Section):
    """Settings of accounts: when money can be paid out, and how."""

    return_window_days: float = limit(
        7, 0, 3650,
        "Days from the payment, or from the arrival of the last parcel where that is later, until "
        "the money of an order becomes available to who is owed it; not shorter than "
        "returns.window_s.",
    )  # fmt: skip
    interval_s: float = limit(
        60, 0.05, 86_400, "Interval in which money becomes available, and payouts are sent."
    )
    payouts: Literal["file", "sandbox"] = Field(
        "file",
        description="How payouts leave: file lists them for a bank, and the operator says what "
        "became of each; sandbox pays nobody, for demos and tests.",
    )


def window_must_cover_returns(settings: Settings) -> None:
    """Refuse money that is paid out while its buyer can still ask for a return. Raises
    SettingsError."""
    window_s = settings.section(AccountSettings).return_window_days * DAY_S
    if window_s < settings.section(ReturnSettings).window_s:
        raise SettingsError(
            "accounts.return_window_days is shorter than returns.window_s: money would be paid out "
            "while buyers can still ask for a return. Make it at least "
            f"{settings.section(ReturnSettings).window_s / DAY_S:g}."
        )
