"""The names of accounts: `host/<id>/pending`, `merchant/<id>/available`, `platform/fees`.

The balances of all accounts add up to zero in each currency. An account above zero is owed the
money; `buyers/money` and `payouts/sent` are below and above it for what came in and went out.
"""

import re
from typing import Final, Literal

Stage = Literal["pending", "held", "available", "paying"]
STAGES: Final[tuple[Stage, ...]] = ("pending", "held", "available", "paying")
"""Money of an owner can still go back, is disputed by its buyer, can be paid out, is on its way."""

BUYERS: Final = "buyers/money"
"""What came from buyers, less what went back to them; below zero."""
REFUNDS: Final = "buyers/refunds"
"""What is due back to buyers."""
FEES: Final = "platform/fees"
COUPONS: Final = "platform/coupons"
"""What the platform bears of discounts; below zero."""
DISPUTES: Final = "platform/disputes"
"""What banks took beyond the payments that they took it for; below zero."""
UNCLEAR: Final = "platform/unclear"
"""Money of lines whose terms can't be read. `liveroom audit --all` names them."""
SENT: Final = "payouts/sent"
"""What was paid out."""
CORRECTIONS: Final = "platform/corrections"
"""What the operator gave or took by corrections."""

OTHERS: Final = (BUYERS, REFUNDS, FEES, COUPONS, DISPUTES, UNCLEAR, SENT, CORRECTIONS)
_OF_OWNER: Final = re.compile(r"(host|merchant)/[^\x00-\x1f\x7f]{1,64}/(pending|held|available)")


def owned(owner: str, stage: Stage) -> str:
    """Return the account of an owner, such as `host/h1`."""
    return f"{owner}/{stage}"


def can_be_corrected(account: str) -> bool:
    """Whether an account has this name, and is not the business of payouts."""
    return account in OTHERS or _OF_OWNER.fullmatch(account) is not None


def at_stage(account: str, stage: Stage) -> str:
    """Return the account of the same owner at another stage; an account without any is itself."""
    owner, _, now = account.rpartition("/")
    return f"{owner}/{stage}" if now in STAGES and "/" in owner else account
