"""Writes one frame to many members: in one system call for all of them where the kernel can.

Linux takes a batch of writes by `io_submit` and carries each out before it returns, since sockets
do not block. That saves most of what a write costs in Python (decision 95). The transport gets the
rest: frames to a member with unsent bytes or without a descriptor (TLS, other loops), and bytes
that the kernel did not take. So order, limits and errors stay the transport's.
"""

import asyncio
import ctypes
import errno
import logging
import platform
import socket
import sys
import weakref
from array import array
from collections.abc import Sequence

from uvloop.loop import TCPTransport, UnixTransport  # type: ignore[attr-defined]

from server.hub.member import Member

log = logging.getLogger(__name__)

BATCH_MAX = 256
"""Most writes in one system call."""

_SYSCALLS = {"x86_64": (206, 209, 208, 207), "aarch64": (0, 2, 4, 1)}
"""Numbers of io_setup, io_submit, io_getevents and io_destroy, from the kernel's tables."""
_PWRITE = 1
"""IOCB_CMD_PWRITE of linux/aio_abi.h, whose `struct iocb` and `struct io_event` follow."""
_IOCB_WORDS, _NUMBER, _FILE, _BUFFER, _BYTES = 8, 0, 2, 3, 4
"""Words of 64 bits in a request, and the places of our number, of descriptor and opcode, of the
address, of the size."""
_EVENT_WORDS, _RESULT = 4, 2
"""Words in an answer, whose first is our number, and the place of the bytes written or -errno."""
_PATIENCE = (ctypes.c_long * 2)(1, 0)
"""Seconds and nanoseconds to wait for answers that are there when `io_submit` returns."""


def descriptor_of(transport: asyncio.BaseTransport) -> int:
    """Return the descriptor of a transport whose bytes go to the socket as they are, else -1.

    uvloop closes it after `connection_lost` only: until then no other socket has the number.
    """
    if type(transport) not in (TCPTransport, UnixTransport):
        return -1
    sock = transport.get_extra_info("socket")
    return -1 if sock is None else int(sock.fileno())


class FrameWriter:
    """Writes frames to members. One a worker; it belongs to the loop's thread."""

    def __init__(self, *, batched: bool = True) -> None:
        """Without `batched` each member is written to by its transport."""
        self._untried = batched
        self._batch: Batch | None = None

    def write(self, members: Sequence[Member], frame: bytes) -> None:
        """Write the frame to each member that still has a transport."""
        if self._untried:
            self._batch, self._untried = _batch_that_works(), False
        plain: list[Member] = []
        for member in members:
            transport = member.transport
            if transport is None:
                continue
            if self._batch and member.descriptor >= 0 and not transport.get_write_buffer_size():
                plain.append(member)
            else:
                transport.write(frame)
        for start in range(0, len(plain), BATCH_MAX):
            self._write_batch(plain[start : start + BATCH_MAX], frame)

    def _write_batch(self, members: Sequence[Member], frame: bytes) -> None:
        assert self._batch is not None
        for n, written in self._batch.write([m.descriptor for m in members], frame):
            transport = members[n].transport
            if transport is not None:
                # The rest of bytes that all members share; an error shows itself there again.
                transport.write(memoryview(frame)[written:] if written else frame)


class Batch:
    """Room in the kernel, and here, for `BATCH_MAX` writes at once. Raises OSError without it."""

    def __init__(self) -> None:
        numbers = _SYSCALLS.get(platform.machine()) if sys.platform == "linux" else None
        if numbers is None:
            raise OSError(errno.ENOSYS, "known on Linux only, on x86_64 and aarch64")
        setup, self._submit, self._getevents, destroy = map(ctypes.c_long, numbers)
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long
        self._context = ctypes.c_ulong(0)
        if self._syscall(setup, ctypes.c_long(BATCH_MAX), ctypes.byref(self._context)) < 0:
            raise OSError(ctypes.get_errno(), "io_setup failed")
        weakref.finalize(self, self._syscall, destroy, self._context).atexit = False
        self._requests = array("Q", bytes(8 * _IOCB_WORDS * BATCH_MAX))
        self._requests[_NUMBER::_IOCB_WORDS] = array("Q", range(BATCH_MAX))
        self._events = array("q", bytes(8 * _EVENT_WORDS * BATCH_MAX))
        first = self._requests.buffer_info()[0]
        self._pointers = array("Q", (first + 8 * _IOCB_WORDS * n for n in range(BATCH_MAX)))

    def write(self, descriptors: Sequence[int], frame: bytes) -> list[tuple[int, int]]:
        """Write the frame to each of at most `BATCH_MAX` sockets that do not block.

        Returns, for each that did not take all of it, its place and how many bytes it took: none
        also if there was an error.
        """
        count, size = len(descriptors), len(frame)
        address = ctypes.cast(ctypes.c_char_p(frame), ctypes.c_void_p).value
        assert address is not None
        end = _IOCB_WORDS * count
        self._requests[_FILE:end:_IOCB_WORDS] = array(
            "Q", [_PWRITE | fd << 32 for fd in descriptors]
        )
        self._requests[_BUFFER:end:_IOCB_WORDS] = array("Q", (address,)) * count
        self._requests[_BYTES:end:_IOCB_WORDS] = array("Q", (size,)) * count
        short: list[tuple[int, int]] = []
        done = 0
        while done < count:
            taken = self._write_from(done, count - done)
            end = _EVENT_WORDS * taken
            if self._events[_RESULT:end:_EVENT_WORDS].count(size) < taken:
                numbers, results = (self._events[at:end:_EVENT_WORDS] for at in (0, _RESULT))
                short += [
                    (n, max(result, 0))
                    for n, result in zip(numbers, results, strict=True)
                    if result != size
                ]
            elif not taken:
                # The kernel refuses this one: no descriptor, or no socket's.
                short.append((done, 0))
            done += taken or 1
        return short

    def _write_from(self, start: int, count: int) -> int:
        """Have the kernel carry out the requests from `start` on; return how many it took."""
        pointers = ctypes.c_void_p(self._pointers.buffer_info()[0] + 8 * start)
        taken = int(self._syscall(self._submit, self._context, ctypes.c_long(count), pointers))
        if taken <= 0:
            return 0
        events, all_of_them = ctypes.c_void_p(self._events.buffer_info()[0]), ctypes.c_long(taken)
        got = self._syscall(
            self._getevents,
            self._context,
            all_of_them,
            all_of_them,
            events,
            ctypes.byref(_PATIENCE),
        )
        if got != taken:
            raise OSError(ctypes.get_errno(), f"{got} of {taken} writes were answered")
        return taken


def _batch_that_works() -> Batch | None:
    """A batch that was seen to write, and not to wait for a socket that is full."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        try:
            batch = Batch()
            if batch.write([ours.fileno()], b"x") or theirs.recv(2) != b"x":
                raise OSError(errno.EIO, "a byte was lost")
            _fill(ours)
            if batch.write([ours.fileno()], b"x") != [(0, 0)]:
                raise OSError(errno.EIO, "a full socket took a byte")
        except OSError as why:
            log.info("frames are written one system call each: %s", why)
            return None
        return batch


def _fill(sock: socket.socket) -> None:
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        return
