"""Machines on one computer: each has a network namespace of its own, and a wire to a switch.

A machine is a process that does nothing but hold a namespace. It ends when the test's process ends,
however that happens, because its input does; the namespace, its device and the switch go with it.
Programs on a machine are killed by the kernel when the test's process ends. So nothing is left
behind, and nothing outside these namespaces is touched.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PROGRAMS = ("ip", "unshare", "nsenter", "setpriv")
_NETWORK = "10.77.0"
_MTU = 9000
_END_S_MAX = 60


def bare_environment() -> dict[str, str]:
    """The environment of this process without settings of a server."""
    return {name: at for name, at in os.environ.items() if not name.startswith("LIVEROOM_")}


class NoMachines(Exception):
    """This computer does not let us make machines; the text says why."""


class Machine:
    """A network namespace with one address, and the programs that run in it."""

    def __init__(self, name: str, address: str, holder: "subprocess.Popen[str]") -> None:
        self.name = name
        self.address = address
        self._holder = holder
        self._programs: list[subprocess.Popen[bytes]] = []

    @property
    def namespace(self) -> str:
        """The path of the namespace."""
        return f"/proc/{self._holder.pid}/ns/net"

    def inside(self, *command: str) -> list[str]:
        """Return the command line that runs a program here until the test's process ends."""
        enter = ["nsenter", f"--net={self.namespace}", "setpriv", "--pdeathsig", "KILL"]
        return [*enter, *command]

    def start(
        self, *command: str, said: Path, env: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program here; what it says goes to the file `said`."""
        with said.open("ab") as out:
            program = subprocess.Popen(
                self.inside(*command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=bare_environment() | (env or {}),
            )
        self._programs.append(program)
        return program

    @property
    def is_running(self) -> bool:
        """Whether a program that was started here goes on; one on its way in counts."""
        return any(program.poll() is None for program in self._programs)

    def pids(self) -> list[int]:
        """Return the processes that run here, children of programs too."""
        here = os.stat(self.namespace).st_ino
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self._holder.pid:
                with contextlib.suppress(OSError):
                    if os.stat(entry / "ns/net").st_ino == here:
                        found.append(int(entry.name))
        return found

    def kill_programs(self) -> None:
        """kill -9 all that runs here, and wait until it is gone."""
        while pids := self.pids():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for program in self._programs:
                program.wait(_END_S_MAX)
        self._programs.clear()


class Network:
    """The machines by name, and the wires between them. Wires are good until they are changed."""

    def __init__(self, machines: dict[str, Machine], switch: "subprocess.Popen[str]") -> None:
        self.machines = machines
        self._switch = switch
        self._wires: dict[tuple[str, str], tuple[float, float]] = {}

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def cut(self, some: Iterable[str], others: Iterable[str]) -> None:
        """Let nothing pass between any of `some` and any of `others`, in neither direction."""
        for one, other in _pairs(some, others):
            self._wires[one, other] = self._wires[other, one] = (1.0, 0.0)
        self._tell()

    def cut_one_way(self, senders: Iterable[str], receivers: Iterable[str]) -> None:
        """Let nothing pass from senders to receivers; answers the other way still arrive."""
        self._wires.update(dict.fromkeys(_pairs(senders, receivers), (1.0, 0.0)))
        self._tell()

    def spoil(
        self, some: Iterable[str], others: Iterable[str], *, lost: float = 0, delay_ms: float = 0
    ) -> None:
        """Lose a share of the packets in both directions, and delay the others."""
        for one, other in _pairs(some, others):
            self._wires[one, other] = self._wires[other, one] = (lost, delay_ms)
        self._tell()

    def isolate(self, *names: str) -> None:
        """Cut these machines off from all others, not from each other."""
        self.cut(names, set(self.machines) - set(names))

    def heal(self) -> None:
        """Make every wire good again."""
        self._wires.clear()
        self._tell()

    def power_off(self, name: str) -> None:
        """Lose a machine: its wire first, so that no connection says good-bye."""
        self.isolate(name)
        self.machines[name].kill_programs()

    def _tell(self) -> None:
        address = {name: machine.address for name, machine in self.machines.items()}
        wires = [(address[a], address[b], *how) for (a, b), how in self._wires.items()]
        assert self._switch.stdin is not None
        self._switch.stdin.write(json.dumps(wires) + "\n")
        self._switch.stdin.flush()
        _hear(self._switch)


def _pairs(some: Iterable[str], others: Iterable[str]) -> list[tuple[str, str]]:
    ends = list(others)
    return [(one, other) for one in some for other in ends if one != other]


@contextmanager
def network(names: Sequence[str]) -> Iterator[Network]:
    """Make machines with these names, each joined to all others. Raises NoMachines."""
    _must_be_able()
    mark = secrets.token_hex(3)  # device names have at most 15 characters
    devices = {name: f"lr{mark}{n}" for n, name in enumerate(names, 1)}
    addresses = {name: f"{_NETWORK}.{n}" for n, name in enumerate(names, 1)}
    with ExitStack() as stack:
        joined = [f"{devices[name]}={addresses[name]}" for name in names]
        switch = stack.enter_context(
            _child([sys.executable, "-m", "tests.machines.switch", *joined])
        )
        machines = {}
        for name in names:
            holder = stack.enter_context(
                _child(["unshare", "--net", "sh", "-c", "echo done; exec cat"])
            )
            machine = machines[name] = Machine(name, addresses[name], holder)
            stack.callback(machine.kill_programs)
            _plug_in(machine, devices[name])
        yield Network(machines, switch)


def _plug_in(machine: Machine, device: str) -> None:
    _must_do("ip", "link", "set", device, "netns", machine.namespace)
    steps = (
        "ip link set lo up",
        f"ip addr add {machine.address}/24 dev {device}",
        f"ip link set {device} mtu {_MTU} txqueuelen 10000 up",
    )
    _must_do(*machine.inside("sh", "-ec", "\n".join(steps)))


@contextmanager
def _child(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """A process that says `done` once it is ready, and ends with its input."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        _hear(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _hear(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    if process.stdout.readline() != "done\n":
        process.kill()
        raise NoMachines(process.stderr.read().strip() or "a helper process ended")


def _must_do(*command: str) -> None:
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise NoMachines(f"`{' '.join(command)}`: {made.stderr.strip()}")


def _must_be_able() -> None:
    """Raise NoMachines unless this is root on a Linux with what machines are made of."""
    if os.geteuid() != 0:
        raise NoMachines("network namespaces need root")
    if not Path("/dev/net/tun").exists():
        raise NoMachines("/dev/net/tun is missing: load the kernel's module tun")
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise NoMachines(f"{', '.join(missing)} missing: install iproute2 and util-linux")
