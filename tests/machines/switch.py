"""The switch between the machines, as a process: `python -m tests.machines.switch NAME...`.

It opens one TUN device for each name and passes each IPv4 packet on to the device of its
destination. A wire is one direction between two addresses, and may lose a share of its packets or
delay them. Linux has `tc netem` for that, in a module that many kernels are built without; this
needs /dev/net/tun alone. A packet on a cut wire vanishes without a word, as on a broken line: no
RST, no ICMP.

Commands come as JSON lines, and each is answered by `done`: a list of [from, to, lost, delay_ms],
which replaces all wires that were changed before. The switch ends with its input.
"""

import fcntl
import heapq
import json
import os
import random
import selectors
import socket
import struct
import sys
import time
from typing import NamedTuple

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_BYTES_MAX = 65535
READ_AT_ONCE_MAX = 64
DELAYED_MAX = 100_000
"""Most packets under way on slow wires; further ones are lost, as in a router that is full."""


class Wire(NamedTuple):
    """One direction between two machines: the share of packets lost, the delay of the others."""

    lost: float = 0.0
    delay_s: float = 0.0


GOOD = Wire()


def open_device(name: str) -> int:
    """Make a TUN device; packets of its machine are read from the file, and written to it."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Switch:
    """Passes packets between devices; `devices` by the address of their machine."""

    def __init__(self, devices: dict[bytes, int], seed: int = 1) -> None:
        self._devices = devices
        self._wires: dict[tuple[bytes, bytes], Wire] = {}
        self._chance = random.Random(seed)
        self._late: list[tuple[float, int, bytes, bytes]] = []
        self._number = 0

    def change(self, wires: list[tuple[str, str, float, float]]) -> None:
        """Make these the only wires that are not good; what is already under way arrives."""
        self._wires = {
            (socket.inet_aton(begin), socket.inet_aton(end)): Wire(lost, delay_ms / 1000)
            for begin, end, lost, delay_ms in wires
        }

    def read(self, device: int) -> None:
        """Take what a machine has sent."""
        for _ in range(READ_AT_ONCE_MAX):
            try:
                packet = os.read(device, PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:  # IPv4
                self._send(packet)

    def _send(self, packet: bytes) -> None:
        begin, end = packet[12:16], packet[16:20]
        wire = self._wires.get((begin, end), GOOD)
        if wire.lost and self._chance.random() < wire.lost:
            return
        if not wire.delay_s:
            self._deliver(end, packet)
        elif len(self._late) < DELAYED_MAX:
            self._number += 1
            due = time.monotonic() + wire.delay_s
            heapq.heappush(self._late, (due, self._number, end, packet))

    def _deliver(self, end: bytes, packet: bytes) -> None:
        device = self._devices.get(end)
        if device is not None:
            try:
                os.write(device, packet)
            except OSError:
                return  # the machine is off, or its queue is full: the packet is lost

    def deliver_late(self) -> float | None:
        """Deliver what is due now; return the seconds until the next, None if nothing waits."""
        while self._late:
            wait_s = self._late[0][0] - time.monotonic()
            if wait_s > 0:
                return wait_s
            _, _, end, packet = heapq.heappop(self._late)
            self._deliver(end, packet)
        return None


def main(names: list[str]) -> None:
    """Pass packets until the input ends. Each name is `device=address`."""
    devices = {}
    for name in names:
        device, _, address = name.partition("=")
        devices[socket.inet_aton(address)] = open_device(device)
    switch = Switch(devices)
    commands = selectors.DefaultSelector()
    commands.register(sys.stdin, selectors.EVENT_READ)
    for file in devices.values():
        commands.register(file, selectors.EVENT_READ)
    _say_done()
    while True:
        for key, _ in commands.select(switch.deliver_late()):
            if key.fd != sys.stdin.fileno():
                switch.read(key.fd)
                continue
            line = sys.stdin.readline()  # one at a time: each waits for its answer
            if not line:
                return
            switch.change(json.loads(line))
            _say_done()


def _say_done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
