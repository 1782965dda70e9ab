"""An S3 server far away, in a process of its own: `python -m rig.far_s3 PORT MILLISECONDS`.

Whatever passes, in either direction, arrives half of the round trip later; bandwidth has no bound, and connecting costs
nothing. The server is the least that takes objects: it holds what it got by path, answers GET and HEAD, and keeps
If-None-Match, 100-continue and checksums as S3 does. So what is measured before it is the client and the way.
"""

import asyncio
import base64
import contextlib
import hashlib
import sys
from collections.abc import Awaitable, Callable

BLOCK = 256 * 1024
CHECKSUM = "x-amz-checksum-sha256"

Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Objects:
    """The server."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
                method, path, _ = line.split()
                headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
                if headers.get("expect") == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                writer.write(self._answer(method, path.partition("?")[0], headers, body))
                await writer.drain()
        writer.close()

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        if method == "PUT":
            if headers.get("if-none-match") == "*" and path in self._held:
                return _response("412 Precondition Failed", _error("PreconditionFailed"))
            if headers.get(CHECKSUM, checksum := _checksum(body)) != checksum:
                return _response("400 Bad Request", _error("BadDigest"))
            self._held[path] = body
            return _response("200 OK")
        if path not in self._held:
            return _response("404 Not Found", b"" if method == "HEAD" else _error("NoSuchKey"))
        held = self._held[path]
        return _response("200 OK", held, _checksum(held), send=method == "GET")


def _response(status: str, content: bytes = b"", checksum: str = "", *, send: bool = True) -> bytes:
    head = f'HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nETag: "{hashlib.sha256(content).hexdigest()}"\r\n'
    head += f"{CHECKSUM}: {checksum}\r\n" if checksum else ""
    return head.encode() + b"\r\n" + (content if send else b"")


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>as S3 has it</Message></Error>".encode()


def _checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


async def _later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what comes, in order, each block `delay` seconds after it came."""
    clock = asyncio.get_running_loop().time
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            at, block = await on_the_way.get()
            await asyncio.sleep(at - clock())
            if not block:
                break
            writer.write(block)
        writer.close()

    arriving = asyncio.create_task(arrive())
    block = b"at the start"
    while block:
        with contextlib.suppress(ConnectionError):
            block = await reader.read(BLOCK)
        on_the_way.put_nowait((clock() + delay, block))
    with contextlib.suppress(ConnectionError):
        await arriving


def _link_to(port: int, delay: float) -> Streams:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_later(reader, far_writer, delay), _later(far_reader, writer, delay))

    return carry


async def _run(port: int, round_trip: float) -> None:
    server = await asyncio.start_server(Objects().serve, "127.0.0.1", 0, limit=2**20)
    inner = server.sockets[0].getsockname()[1]
    link = await asyncio.start_server(_link_to(inner, round_trip / 2), "127.0.0.1", port)
    await link.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2]) / 1000))
