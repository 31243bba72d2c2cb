"""Frames written to many members at once: whole, in order, whatever each of them reads."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Sequence
from typing import cast

import pytest

from server.hub.frame_writer import Batch, FrameWriter, descriptor_of
from server.hub.member import Member
from server.protocol.codes import Close


class Reader(Member, asyncio.Protocol):
    """A member over TCP, and the socket at its other end."""

    theirs: socket.socket

    def __init__(self) -> None:
        super().__init__()
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.descriptor = descriptor_of(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.transport, self.descriptor = None, -1
        self.lost.set()

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        """Stays."""

    async def read(self, size: int) -> bytes:
        """Read exactly so many bytes."""
        data = bytearray()
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(self.theirs, size - len(data))
        return bytes(data)


async def readers(count: int) -> list[Reader]:
    """Members over TCP whose kernel holds little for them."""
    loop = asyncio.get_running_loop()
    made: list[Reader] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for _ in range(count):
            reader, ours = Reader(), socket.socket()
            ours.setblocking(False)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            await loop.sock_connect(ours, server.getsockname())
            reader.theirs, _ = await loop.sock_accept(server)
            reader.theirs.setblocking(False)
            await loop.create_connection(iter([reader]).__next__, sock=ours)
            made.append(reader)
    return made


def leave(them: list[Reader]) -> None:
    for reader in them:
        reader.theirs.close()
        if reader.transport is not None:
            reader.transport.abort()


@pytest.mark.parametrize("batched", [True, False])
async def test_each_member_gets_every_frame_whole_and_in_order(batched: bool) -> None:
    """Two of them read in gulps only, so that the kernel takes a part of a frame, or has room again
    while the transport still has bytes."""
    writer, draw = FrameWriter(batched=batched), random.Random(1)
    them = await readers(4)
    said, heard = ({reader: bytearray() for reader in them} for _ in range(2))
    most_unsent = 0
    for n in range(40):
        frame = bytes([n]) * draw.choice([1, 170, 20_000, 200_000])
        writer.write(them, frame)
        for reader in them:
            said[reader] += frame
        if n % 7 == 3:  # what is for one alone goes by the transport
            alone = draw.choice(them)
            assert alone.transport is not None
            alone.transport.write(b"!")
            said[alone] += b"!"
        for reader in them[:2]:
            assert reader.transport is not None
            most_unsent = max(most_unsent, reader.transport.get_write_buffer_size())
            heard[reader] += gulp(reader)
        writer.write(them, b"+")  # must not overtake what the transport still has
        for reader in them:
            said[reader] += b"+"
        for reader in them[2:]:
            heard[reader] += await reader.read(len(said[reader]) - len(heard[reader]))
    assert most_unsent > 0
    for reader in them:
        heard[reader] += await reader.read(len(said[reader]) - len(heard[reader]))
    assert heard == said
    leave(them)


def gulp(reader: Reader) -> bytes:
    """What the kernel has for it, without a turn of the loop."""
    taken = b""
    with contextlib.suppress(BlockingIOError):
        while True:
            taken += reader.theirs.recv(1_000_000)
    return taken


async def test_the_kernel_is_asked_once_for_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    plain = Batch.write

    def count(self: Batch, fds: Sequence[int], frame: bytes) -> list[tuple[int, int]]:
        calls.append(len(fds))
        return plain(self, fds, frame)

    monkeypatch.setattr(Batch, "write", count)
    them, writer = await readers(5), FrameWriter()
    writer.write(them, b"hello")  # tries first whether that works here
    calls.clear()
    writer.write(them, b"hello")

    assert [await reader.read(10) for reader in them] == [b"hello" * 2] * 5
    assert calls == [5]
    leave(them)


async def test_a_socket_that_is_gone_costs_the_others_nothing() -> None:
    them, batch = await readers(3), Batch()
    fds = [reader.descriptor for reader in them]
    closed = socket.socket()
    gone = closed.fileno()
    closed.close()

    assert batch.write([fds[0], gone, fds[1], gone, fds[2]], b"hello") == [(1, 0), (3, 0)]
    assert [await reader.read(5) for reader in them] == [b"hello"] * 3
    leave(them)


async def test_an_error_of_a_socket_ends_its_member_and_no_other() -> None:
    them, writer = await readers(3), FrameWriter()
    them[1].theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    them[1].theirs.close()  # resets the connection

    writer.write(them, b"hello")

    assert await them[0].read(5) == await them[2].read(5) == b"hello"
    await them[1].lost.wait()
    leave(them)


async def test_where_the_kernel_has_no_batches_frames_go_by_the_transport(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.hub.frame_writer._SYSCALLS", {})
    them, writer = await readers(2), FrameWriter()

    writer.write(them, b"hello")
    writer.write(them, b"again")

    assert [await reader.read(10) for reader in them] == [b"helloagain"] * 2
    leave(them)
