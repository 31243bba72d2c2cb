"""`liveroom size`: prints what an event needs by the model of `sizing`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from server.cli import sizing
from server.cli.costs import Costs
from server.cli.rehearsed import Rehearsed, Unusable, read_report
from server.cli.turnover import Turnover

_MONEY = "in the currency, not its minor unit"


def size(
    viewers: Annotated[
        int | None, typer.Option(min=1, help="Viewers at the same time; else by --gmv.")
    ] = None,
    comments: Annotated[
        float | None, typer.Option(min=0, help="Comments a second, of all rooms; else by --gmv.")
    ] = None,
    orders: Annotated[
        float | None, typer.Option(min=0, help="Orders a second, of all rooms; else by --gmv.")
    ] = None,
    rooms: Annotated[int, typer.Option(min=1, help="Rooms they spread over.")] = 1,
    hours: Annotated[
        float, typer.Option(min=0, help="How long orders come at that rate; with --gmv, in all.")
    ] = 2.0,
    cores: Annotated[int, typer.Option(min=1, help="Cores of a machine.")] = 8,
    gbit: Annotated[float, typer.Option(min=0.01, help="Its network, in Gbit/s.")] = 10.0,
    deflate: Annotated[bool, typer.Option(help="Whether viewers take compressed frames.")] = True,
    apple: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of the viewers with Apple's WebSocket: plain frames."
        ),
    ] = 0.4,
    gmv: Annotated[
        float | None, typer.Option(min=1, help=f"Turnover of the whole event, {_MONEY}.")
    ] = None,
    basket: Annotated[float | None, typer.Option(min=0.01, help=f"Mean order, {_MONEY}.")] = None,
    peak: Annotated[
        float, typer.Option(min=1, help="Orders at the busiest, as a multiple of the average.")
    ] = 5.0,
    buyers: Annotated[
        float, typer.Option(min=0.0001, max=1, help="Share of those who come that buy.")
    ] = 0.05,
    stay: Annotated[float, typer.Option(min=0.1, help="Minutes that one stays.")] = 10.0,
    report: Annotated[
        Path | None,
        typer.Option("--from", help="A rehearsal's report (.json): plan with what it measured."),
    ] = None,
) -> None:
    """Print what an event needs: workers, machines, memory, bandwidth, Redis shards."""
    machine = sizing.Machine(cores=cores, gbit_per_s=gbit)
    rehearsed = None if report is None else _read(report)
    if rehearsed is not None:
        typer.echo("\n".join(rehearsed.in_words()))
        if (viewers, comments, orders, gmv, basket) == (None,) * 5:
            seen = rehearsed.event
            viewers, comments, orders = seen.viewers, seen.comments_per_s, seen.orders_per_s
            rooms = seen.rooms
    turnover = _turnover(gmv, basket, hours, peak, buyers, stay)
    assumed: Iterator[str] = iter(())
    if turnover is None:
        event = _of_rates(viewers, comments, orders, rooms, hours, deflate=deflate)
    else:
        event, assumed = _of_turnover(turnover, viewers, comments, orders, rooms, deflate=deflate)
        typer.echo(turnover.in_words())
    event = replace(event, apple=apple)
    found = sizing.size(event, machine, costs=Costs() if rehearsed is None else rehearsed.costs())
    said = sizing.explain(found, machine, rehearsed=rehearsed is not None)
    typer.echo("\n".join([said, *(f"  - {each}" for each in assumed)]))


def _turnover(
    gmv: float | None, basket: float | None, hours: float, peak: float, buyers: float, stay: float
) -> Turnover | None:
    """Return the turnover that the options name; None if they name none."""
    if (gmv is None) != (basket is None):
        _fail("--gmv and --basket belong together: the turnover, and what one order comes to.")
    if gmv is None or basket is None:
        return None
    if hours <= 0:
        _fail("--hours must be above 0 for a turnover.")
    return Turnover(gmv, basket, hours, peak, buyers, stay)


def _of_rates(
    viewers: int | None,
    comments: float | None,
    orders: float | None,
    rooms: int,
    hours: float,
    *,
    deflate: bool,
) -> sizing.Event:
    """Return the event that the rates describe; all three must be given."""
    if viewers is None or comments is None or orders is None:
        _fail("Give --viewers, --comments and --orders; or a turnover, as --gmv and --basket.")
    return sizing.Event(viewers, comments, orders, rooms, hours, deflate)


def _of_turnover(
    turnover: Turnover,
    viewers: int | None,
    comments: float | None,
    orders: float | None,
    rooms: int,
    *,
    deflate: bool,
) -> tuple[sizing.Event, Iterator[str]]:
    """Return the event, and what is assumed. Given values override those of the turnover."""
    known = viewers or turnover.viewers
    event = sizing.Event(
        viewers=known,
        comments_per_s=turnover.comments_per_s(known) if comments is None else comments,
        orders_per_s=turnover.orders_per_s if orders is None else orders,
        rooms=rooms,
        hours=turnover.hours,
        deflate=deflate,
        orders_in_all=turnover.orders,
    )
    return event, turnover.assumed(viewers=viewers is None, comments=comments is None)


def _read(report: Path) -> Rehearsed:
    try:
        return read_report(report)
    except Unusable as why:
        _fail(str(why))


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"liveroom: {sentence}", err=True)
    raise SystemExit(2)
