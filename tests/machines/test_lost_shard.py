"""A shard of a Cluster is cut off: its rooms wait, the rooms of the others go on selling."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from server.store.redis_program import RedisProgram
from tests.machines.crowd import shopping
from tests.machines.network import NoMachines
from tests.machines.shards import SHARDS, ShardedSite, sharded_site
from tests.machines.site import await_
from tests.machines.test_partitions import Tell

pytestmark = [
    pytest.mark.blocking_allowed,
    pytest.mark.together("machines", "each site is eight machines and their programs"),
    pytest.mark.timeout(600),
    pytest.mark.torture("one way more to break a network"),
]


@pytest.fixture
def sharded(program: RedisProgram) -> Iterator[ShardedSite]:
    """A site on three shards."""
    with TemporaryDirectory(prefix="lr-machines-") as folder:
        try:
            with sharded_site(Path(folder), program) as made:
                yield made
        except NoMachines as why:
            pytest.skip(f"machines can't be made here: {why}")


@pytest.mark.parametrize("lost", SHARDS)
def test_the_rooms_of_the_other_shards_go_on_while_one_is_cut_off(
    sharded: ShardedSite, lost: str, record_property: Tell
) -> None:
    with ExitStack() as stack:
        crowds = {}
        for seed, shard in enumerate(SHARDS):
            room = sharded.room_on(shard, "r")
            crowds[shard] = stack.enter_context(shopping(sharded, room, people=3, seed=seed))
        crowds[lost].forget_troubles()
        sharded.wires.isolate(lost)
        crowds[lost].await_trouble()
        others = [shard for shard in SHARDS if shard != lost]
        for _ in range(3):  # on both of them at any time
            for shard in others:
                crowds[shard].await_buys(15)
        sharded.wires.heal()
        healed = time.time()
        took_s = max(crowd.await_everybody(healed) for crowd in crowds.values())
        await_(sharded.is_whole, "the Cluster is whole again")
        for shard, crowd in crowds.items():
            pause_s = crowd.longest_pause_s()
            fate = crowd.go_home(sharded)
            assert (fate.lost, fate.doubled, fate.failed) == (0, 0, {}), fate
            which = f"room of {'the shard' if shard == lost else 'another shard than the one'}"
            counts = (fate.answered, 0, 0, round(pause_s, 1), round(took_s, 1))
            record_property("machines", ["fsync, Cluster", f"{which} cut off", *counts])
    sharded.audit()
