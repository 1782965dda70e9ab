"""A link that can be cut and frozen: a TCP proxy on loopback before any server.

Put it between a client and a server's port, and break it as the world does: after so many bytes, or by pulling a cable.
"""

import contextlib
import select
import socket
import struct
import threading
from collections import defaultdict
from dataclasses import dataclass, field

BLOCK = 64 * 1024
TURN_MILLISECONDS = 20
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: closing sends RST and drops what was not sent (socket(7))."""


@dataclass(eq=False)
class _Pipe:
    """One direction of one connection; `held` was read and not yet passed on. Without a sink all is thrown away."""

    source: socket.socket
    sink: socket.socket | None
    upstream: bool
    held: bytes = field(default=b"", repr=False)
    ended: bool = False
    done: bool = False


class Link:
    """Forwards `port` (ours, on 127.0.0.1) to `target` (a server's port there) until stopped.

    `upstream` counts the bytes passed on towards the server since the start.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.upstream = 0
        self._left: int | None = None
        self._frozen = False
        self._ending = False
        self._lock = threading.Lock()
        self._pipes: list[_Pipe] = []
        self._mute: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=f"link to {target}", daemon=True)

    def start(self) -> None:
        """Let connections in."""
        self._thread.start()

    def stop(self) -> None:
        """Cut every connection, and take no more."""
        self._ending = True
        self._thread.join()

    def cut_after(self, count: int) -> None:
        """Break every connection as soon as `count` more bytes have passed towards the server.

        The client sees a reset; the server gets all that passed, then the end. 0 breaks them when the next byte would
        pass. Once: the connections that follow are whole.
        """
        with self._lock:
            self._left = count

    def freeze(self) -> None:
        """Pull the cable: nothing passes, nothing is closed; new connections are accepted and stay mute."""
        with self._lock:
            self._frozen = True

    def mend(self) -> None:
        """Put the cable back, and forget a cut that has not come: what was held passes on."""
        with self._lock:
            self._frozen = False
            self._left = None

    def _run(self) -> None:
        while not self._ending:
            self._turn()
        self._close(self._pipes[:], RESET)
        for end in (*self._mute, self._listener):
            end.close()

    def _turn(self) -> None:
        ready = self._ready()
        with self._lock:
            if self._listener.fileno() in ready:
                self._mute.append(self._listener.accept()[0])
            if self._frozen:
                return
            while self._mute:
                self._connect(self._mute.pop(0))
            for pipe in self._pipes[:]:
                if pipe in self._pipes:
                    self._move(pipe, ready)

    def _ready(self) -> dict[int, int]:
        """Wait a turn; return the poll(2) events by descriptor."""
        wanted: defaultdict[int, int] = defaultdict(int)
        wanted[self._listener.fileno()] = select.POLLIN
        for pipe in [] if self._frozen else self._pipes:
            if pipe.held and pipe.sink:
                wanted[pipe.sink.fileno()] |= select.POLLOUT
            elif not pipe.ended:
                wanted[pipe.source.fileno()] |= select.POLLIN
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        return dict(poll.poll(TURN_MILLISECONDS))

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            _close(client, RESET)
            return
        for end in (client, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pipes += [_Pipe(client, server, True), _Pipe(server, client, False)]

    def _move(self, pipe: _Pipe, ready: dict[int, int]) -> None:
        both = [each for each in self._pipes if pipe.source in (each.source, each.sink)]
        try:
            if pipe.held and pipe.sink and ready.get(pipe.sink.fileno()):
                self._pass_on(pipe)
            elif not pipe.held and not pipe.ended and ready.get(pipe.source.fileno()):
                self._take(pipe)
            if pipe.ended and not pipe.held and not pipe.done:
                pipe.done = True
                if pipe.sink:
                    pipe.sink.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:
            self._close(both, RESET)
            return
        if all(each.done for each in both):
            self._close(both)

    def _take(self, pipe: _Pipe) -> None:
        if pipe.upstream and self._left == 0:
            self._break_all()
            return
        most = min(BLOCK, self._left) if pipe.upstream and self._left is not None else BLOCK
        pipe.held = pipe.source.recv(most)
        pipe.ended = not pipe.held
        if not pipe.sink:
            pipe.held = b""
        elif pipe.held:
            with contextlib.suppress(BlockingIOError):
                self._pass_on(pipe)

    def _pass_on(self, pipe: _Pipe) -> None:
        if pipe.sink is None:
            return
        passed = pipe.sink.send(pipe.held)
        pipe.held = pipe.held[passed:]
        if not pipe.upstream:
            return
        self.upstream += passed
        if self._left is not None:
            self._left = max(0, self._left - passed)
            if self._left == 0:
                self._break_all()

    def _break_all(self) -> None:
        self._left = None
        for pipe in self._pipes[:]:
            if pipe.upstream:
                self._close([pipe], RESET)
            elif pipe.sink:
                pipe.sink, pipe.held = None, b""
                with contextlib.suppress(OSError):
                    pipe.source.shutdown(socket.SHUT_WR)

    def _close(self, pipes: list[_Pipe], linger: bytes = b"") -> None:
        for pipe in pipes:
            if pipe in self._pipes:
                self._pipes.remove(pipe)
                _close(pipe.source, linger)


def _close(end: socket.socket, linger: bytes = b"") -> None:
    if linger:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    end.close()
