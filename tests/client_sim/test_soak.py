import os
import subprocess
import sys
from pathlib import Path

import pytest

from client_sim.soak import MIB, Sample, _family, leaks, sample, server_pid
from client_sim.tokens import CannotRun
from loadtest.fanout.process import cost
from server.store.redis_program import RedisProgram
from tests.programs import PROGRAMS, name_of


def rounds(*mib: float, handles: int = 20) -> list[Sample]:
    return [Sample(round(each * MIB), handles) for each in mib]


def test_noise_on_a_level_is_no_leak() -> None:
    assert leaks(rounds(80, 95, 100, 104, 99, 103, 101, 98, 104, 100, 102, 103)) == []


def test_a_warm_up_is_no_leak() -> None:
    assert leaks(rounds(50, 70, 99, 100, 100, 100, 100, 100, 100, 100, 100, 100)) == []


def test_a_slope_is_a_leak() -> None:
    (told,) = leaks(rounds(*range(100, 136, 3)))

    assert told == "memory rose from 115.0 MiB by 12.0 MiB and stayed"


def test_file_handles_that_stay_open_are_a_leak() -> None:
    slope = [Sample(100 * MIB, 20 + 2 * n) for n in range(12)]

    assert leaks(slope) == ["file handles rose from 30 by 8 and stayed"]


def test_a_process_and_its_children_are_looked_at_together() -> None:
    alone = sample(os.getpid())
    code = "import sys; b = bytearray(60_000_000); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()

        both = sample(os.getpid())
        child.communicate()

    assert both.bytes_used - alone.bytes_used > 30_000_000
    assert both.handles > alone.handles


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_a_private_redis_of_any_program_is_left_out(program: RedisProgram, tmp_path: Path) -> None:
    command = [str(program.path), "--port", "0", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # now it is the program, and no longer a copy of this process
        ours, servers = _family(os.getpid()), cost([os.getpid()])
        child.kill()

    assert child.pid not in ours
    assert servers.redis_s > 0


def test_a_process_that_is_gone_can_not_be_watched() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pid = child.pid

    with pytest.raises(CannotRun, match="can't be looked at"):
        sample(pid)


def test_the_owner_of_a_data_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("123\n")

    assert server_pid(str(tmp_path)) == 123


def test_a_folder_without_an_owner_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="--data-dir, or --server-pid"):
        server_pid(str(tmp_path))
