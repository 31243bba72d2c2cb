"""`liveroom size`: what an event needs, from the model of `sizing`."""

from typing import Annotated

import typer

from server.cli import sizing


def size(
    viewers: Annotated[int, typer.Option(min=1, help="Viewers at the same time.")],
    comments: Annotated[float, typer.Option(min=0, help="Comments a second, of all rooms.")],
    orders: Annotated[float, typer.Option(min=0, help="Orders a second, of all rooms.")],
    rooms: Annotated[int, typer.Option(min=1, help="Rooms they spread over.")] = 1,
    hours: Annotated[float, typer.Option(min=0, help="How long orders come at that rate.")] = 2.0,
    cores: Annotated[int, typer.Option(min=1, help="Cores of a machine.")] = 8,
    gbit: Annotated[float, typer.Option(min=0.01, help="Its network, in Gbit/s.")] = 10.0,
    deflate: Annotated[bool, typer.Option(help="Whether viewers take compressed frames.")] = True,
) -> None:
    """Print what an event needs: workers, machines, memory, bandwidth, Redis shards."""
    machine = sizing.Machine(cores=cores, gbit_per_s=gbit)
    event = sizing.Event(viewers, comments, orders, rooms, hours, deflate)
    typer.echo(sizing.explain(sizing.size(event, machine), machine))
