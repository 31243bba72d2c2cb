"""`liveroom payouts`: what is available paid out, in batches for a bank."""

import sys
from typing import Annotated

import typer

from server.cli.on_store import Config, DataDir
from server.cli.records import run_on_records
from server.features.accounts.payout_ports import FilePort, Outcome
from server.features.accounts.payouts import Payout, Payouts, State
from server.protocol.currencies import DIGITS, decimal_text
from server.records.database import Database

BY = "command line"
payouts = typer.Typer(no_args_is_help=True, help="Pay out what hosts and merchants are owed.")

Batch = Annotated[str, typer.Argument(help="The key of the batch, such as 2026-11.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.add_typer(payouts, name="payouts")


@payouts.command()
def make(
    batch: Batch,
    least: Annotated[int, typer.Option(min=1, help="Least amount, in minor units.")] = 1,
    currency: Annotated[str, typer.Option(help="ISO 4217; all of them without it.")] = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Make a batch; the same key again shows the same batch. A running server sends it."""
    if currency and currency not in DIGITS:
        raise typer.BadParameter(f"`{currency}` is no currency of ISO 4217, such as CNY.")

    async def work(database: Database) -> None:
        book = Payouts(database, FilePort())
        made = await book.make(batch, by=BY, least=least, currency=currency)
        _show(made.payouts)

    run_on_records(work, config, data_dir)


@payouts.command("list")
def list_payouts(
    owner: Annotated[str, typer.Option(help="Such as merchant/m1.")] = "",
    state: Annotated[str, typer.Option(help="made, handed_over, sent or failed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """List payouts, the newest first."""

    async def work(database: Database) -> None:
        page = await Payouts(database, FilePort()).page(owner, state, "", limit)
        _show(page.payouts)

    run_on_records(work, config, data_dir)


@payouts.command()
def export(batch: Batch, config: Config = None, data_dir: DataDir = None) -> None:
    """Write a batch as CSV, for a bank."""

    async def work(database: Database) -> None:
        async for piece in Payouts(database, FilePort()).csv(batch):
            sys.stdout.write(piece)

    run_on_records(work, config, data_dir)


@payouts.command()
def note(
    payout: Annotated[str, typer.Argument(help="Id of the payout.")],
    state: Annotated[str, typer.Argument(help="sent or failed.")],
    reason: Annotated[str, typer.Option(help="Why it failed.")] = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Say what became of a payout that a file handed over, or that a bank gave back."""
    if state not in ("sent", "failed") or (state == "failed") != bool(reason):
        raise typer.BadParameter("Say sent, or failed with a --reason.")

    async def work(database: Database) -> None:
        of: tuple[State, ...] = ("handed_over",) if state == "sent" else ("handed_over", "sent")
        outcome = Outcome("sent" if state == "sent" else "failed", reason)
        _show([await Payouts(database, FilePort()).note(payout, outcome, of=of, by=BY)])

    run_on_records(work, config, data_dir)


def _show(found: list[Payout]) -> None:
    for each in found:
        amount = decimal_text(each.amount, each.currency)
        why = f"  {each.reason}" if each.reason else ""
        typer.echo(
            f"{each.payout}  {each.owner:<30} {amount:>14} {each.currency}  {each.state}{why}"
        )
    typer.echo(f"{len(found)} payouts.")
