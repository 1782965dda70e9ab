"""An S3 server that fails on demand and is strict where moto is lax: an HTTP proxy on loopback before moto's.

Strict: a body that breaks off never reaches moto, a body that is not its checksum's is refused, writes go one at a time
so that their conditions hold (moto checks and writes in two steps), a DeleteObjects has at most 1000 keys, and the
checksum of an object that came in parts says so.
"""

import base64
import hashlib
import http.client
import re
import select
import socket
import struct
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: closing sends RST and drops what was not sent (socket(7))."""
TURN_SECONDS = 0.02
HOP_BY_HOP = {"connection", "keep-alive", "server", "date", "transfer-encoding"}
MOST_DELETES = 1000
CHECKSUM = "x-amz-checksum-sha256"


@dataclass(frozen=True)
class Fault:
    """How a request fails.

    `answer` says `status` and `code` and does nothing; `reset` breaks off amid the request's body; `stall` does nothing
    and never answers. The others do what was asked, and then: `drop` breaks off before the answer, `mute` never
    answers, `halve` breaks off amid the answer's body.
    """

    kind: Literal["answer", "reset", "stall", "drop", "mute", "halve"]
    status: int = 0
    code: str = ""


SLOW_DOWN = Fault("answer", 503, "SlowDown")
INTERNAL = Fault("answer", 500, "InternalError")
GATEWAY = Fault("answer", 502)
CONFLICT = Fault("answer", 409, "ConditionalRequestConflict")
NO_CONDITIONS = Fault("answer", 501, "NotImplemented")
RESET_AMID = Fault("reset")
STALL = Fault("stall")
DROP = Fault("drop")
MUTE = Fault("mute")
HALVE = Fault("halve")


class FaultyS3:
    """Forwards `port` (ours, on 127.0.0.1) to `target` (moto's port there).

    `seen` has method and path of every request that came, failed or not. A server that `knows_conditions` not answers
    every conditional write with 501.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.knows_conditions = True
        self.seen: list[tuple[str, str]] = []
        self._faults: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.writing = threading.Lock()
        self.ending = threading.Event()
        handler = type("Handler", (_Handler,), {"host": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(TURN_SECONDS,), daemon=True)

    def start(self) -> None:
        """Let requests in."""
        self._thread.start()

    def stop(self) -> None:
        """Let nothing in any more."""
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def fail(self, *faults: Fault | None, method: str = "PUT") -> None:
        """Let the next requests of a method fail so, one after another; None lets one pass. The earlier plan ends."""
        with self._lock:
            self._faults[method] = deque(faults)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Note a request that has come; return how it is to fail."""
        with self._lock:
            self.seen.append((method, path))
            faults = self._faults[method]
            return faults.popleft() if faults else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # no FIN before a RST

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    host: FaultyS3

    def do_any(self) -> None:
        fault = self.host.next_fault(self.command, self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if fault and fault.kind == "reset":
            self.rfile.read(length // 2)
            self._break_off()
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self._break_off()
        elif fault and fault.kind == "answer":
            self._say(fault.status, fault.code)
        elif fault and fault.kind == "stall":
            self._wait_for_the_client_to_go()
        elif refusal := self._refusal(body):
            self._say(*refusal)
        else:
            self._serve(body, fault)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.do_any
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        """Let the body come."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, *_: Any) -> None:
        """Tests need no log."""

    def _refusal(self, body: bytes) -> tuple[int, str] | None:
        checksum = self.headers.get(CHECKSUM)
        if checksum and checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
            return 400, "BadDigest"
        if self.command == "PUT" and not self.host.knows_conditions and self._is_conditional():
            return 501, "NotImplemented"
        if self.command == "POST" and self.path.endswith("?delete") and len(re.findall(b"<Key>", body)) > MOST_DELETES:
            return 400, "MalformedXML"
        return None

    def _is_conditional(self) -> bool:
        return "If-Match" in self.headers or "If-None-Match" in self.headers

    def _serve(self, body: bytes, fault: Fault | None) -> None:
        if self.command in ("PUT", "POST", "DELETE"):
            with self.host.writing:
                status, headers, content = self._ask(body)
        else:
            status, headers, content = self._ask(body)
        if fault and fault.kind == "drop":
            self._break_off()
        elif fault and fault.kind == "mute":
            self._wait_for_the_client_to_go()
        elif fault and fault.kind == "halve":
            self._answer(status, headers, content, len(content) // 2)
            self.close_connection = True
        else:
            self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.host.target, timeout=20)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        parts = re.search(r"-\d+", answer.getheader("ETag", ""))
        headers = [
            (name, value + parts[0] if parts and name.lower() == CHECKSUM else value)
            for name, value in answer.getheaders()
            if name.lower() not in HOP_BY_HOP
        ]
        return answer.status, headers, content

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, most: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:most])

    def _say(self, status: int, code: str) -> None:
        words = f"<Error><Code>{code}</Code><Message>as S3 has it</Message></Error>" if code else "<html>no S3</html>"
        content = b"" if self.command == "HEAD" else words.encode()
        self._answer(status, [("Content-Type", "application/xml")], content)

    def _break_off(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close_connection = True

    def _wait_for_the_client_to_go(self) -> None:
        self.close_connection = True
        while not self.host.ending.is_set():
            if select.select([self.connection], [], [], TURN_SECONDS)[0]:
                return
