"""`/metrics` for all workers of a server, answered by any one of them.

Workers share a port, so a scrape reaches any one of them. That worker asks the others, each over a
socket in the kernel's abstract namespace, and answers with every sample under a label `worker`
(the worker's number, which outlives restarts). Nothing is counted twice, nothing is written between
scrapes, and a worker that does not answer in time shows as `liveroom_worker_up 0`.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Iterable
from typing import Self

import msgspec
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

ANSWER_S_MAX = 1.0


class _Sample(msgspec.Struct, array_like=True):
    name: str
    labels: dict[str, str]
    value: float


class _Family(msgspec.Struct, array_like=True):
    """One metric of one worker; `kind` is Prometheus' type."""

    name: str
    help: str
    kind: str
    samples: list[_Sample]


_FAMILIES = msgspec.msgpack.Decoder(list[_Family])


class Scrape:
    """Gives this worker's metrics to the others, all workers' to a scrape. Enter it to listen."""

    def __init__(self, metrics: Metrics, worker_id: str, workers: int) -> None:
        self._registries = (metrics.registry, CollectorRegistry())
        ProcessCollector(registry=self._registries[1])
        self._server_id, _, number = worker_id.rpartition("-")
        # A worker with an id given by hand has no others beside it.
        self._number = int(number) if self._server_id else 1
        together = range(1, workers + 1) if self._server_id else ()
        self._others = [n for n in together if n != self._number]
        self._listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        if self._others:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.bind(self._address(self._number))
                self._listening = await asyncio.start_unix_server(self._answer, sock=sock)
            except OSError as error:
                sock.close()
                log.warning("Other workers can't show this one's metrics: %s.", error)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.close()

    async def text(self) -> bytes:
        """Return every worker's metrics in Prometheus' text format."""
        asked = await asyncio.gather(*(self._ask(number) for number in self._others))
        # In a thread: it takes some ten milliseconds, and reads this process' figures from files.
        return await asyncio.to_thread(self._write, dict(zip(self._others, asked, strict=True)))

    def _write(self, packed: dict[int, bytes]) -> bytes:
        told = {number: _families(answer) for number, answer in packed.items()}
        merged = CollectorRegistry()
        merged.register(_Merged({**told, self._number: self._own()}))
        return generate_latest(merged)

    def _address(self, number: int) -> str:
        return f"\0liveroom/{self._server_id}/{number}"

    def _own(self) -> list[_Family]:
        return [
            _Family(
                metric.name,
                metric.documentation,
                metric.type,
                [
                    _Sample(sample.name, dict(sample.labels), sample.value)
                    for sample in metric.samples
                    if not sample.name.endswith("_created")
                ],
            )
            for registry in self._registries
            for metric in registry.collect()
        ]

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_ours(writer):
                writer.write(await asyncio.to_thread(self._packed))
                async with asyncio.timeout(ANSWER_S_MAX):
                    await writer.drain()
        except OSError:
            pass  # the asking worker has gone
        finally:
            writer.close()

    def _connected(self, number: int) -> socket.socket:
        # A plain socket, since uvloop accepts no abstract name. Such a connect never blocks.
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.connect(self._address(number))
        except OSError:
            sock.close()
            raise
        return sock

    def _packed(self) -> bytes:
        return msgspec.msgpack.encode(self._own())

    async def _ask(self, number: int) -> bytes:
        """Ask another worker for its metrics; empty if it does not answer."""
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                reader, writer = await asyncio.open_unix_connection(sock=self._connected(number))
                try:
                    return await reader.read(-1) if _is_ours(writer) else b""
                finally:
                    writer.close()
        except OSError:
            return b""


class _Merged(Collector):
    """The families of all workers, each sample with the worker's number."""

    def __init__(self, by_worker: dict[int, list[_Family] | None]) -> None:
        self._by_worker = sorted(by_worker.items())

    def collect(self) -> Iterable[Metric]:
        up = Metric("liveroom_worker_up", "Whether the worker told its metrics.", "gauge")
        merged: dict[str, Metric] = {}
        for number, families in self._by_worker:
            up.add_sample(up.name, {"worker": str(number)}, float(families is not None))
            for family in families or ():
                metric = merged.setdefault(
                    family.name, Metric(family.name, family.help, family.kind)
                )
                for sample in family.samples:
                    labels = sample.labels | {"worker": str(number)}
                    metric.add_sample(sample.name, labels, sample.value)
        return [up, *merged.values()]


def _families(packed: bytes) -> list[_Family] | None:
    try:
        return _FAMILIES.decode(packed)
    except msgspec.DecodeError:  # the worker ended during its answer, or never ran
        return None


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of the same user; anybody can bind the name."""
    peer: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.getuid())
