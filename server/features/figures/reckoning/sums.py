"""Shares and quantiles, as docs/metrics.md defines them."""

from collections.abc import Sequence

from server.features.figures.reckoning.models import Amounts, Averages


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return part / whole if whole else None


def each_share(part: Amounts, whole: Amounts) -> Averages:
    """The same for each currency of `whole`."""
    return {currency: share(part.get(currency, 0), whole[currency]) for currency in whole}


def quantile(ordered: Sequence[float], percent: int) -> float | None:
    """The interpolated quantile of sorted values; None of none."""
    if not ordered:
        return None
    at, rest = divmod((len(ordered) - 1) * percent, 100)
    if not rest:
        return float(ordered[at])
    return (ordered[at] * (100 - rest) + ordered[at + 1] * rest) / 100


def median(ordered: Sequence[float]) -> float | None:
    """The middle of sorted values, or the mean of the two middle ones; None of none."""
    return quantile(ordered, 50)


def add(amounts: Amounts, currency: str, amount: int) -> None:
    """Add to one currency's sum."""
    amounts[currency] = amounts.get(currency, 0) + amount


def of_all(amounts: Amounts, currencies: Amounts) -> Amounts:
    """The sums in each of these currencies, 0 where there is none."""
    return {currency: amounts.get(currency, 0) for currency in sorted(currencies)}
