"""An FTP server, with TLS or without: pyftpdlib in a thread on a loopback port, with one user.

It can fail in the middle of an upload: break off, fall silent, or say that its disk is full; and it can be an old one
that lacks commands.
"""

import logging
import subprocess
import threading
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it stands on asyncore, which Python 3.12 lost
    from pyftpdlib.authorizers import DummyAuthorizer  # type: ignore[import-untyped]
    from pyftpdlib.handlers import (  # type: ignore[import-untyped]
        DTPHandler,
        FTPHandler,
        TLS_DTPHandler,
        TLS_FTPHandler,
    )
    from pyftpdlib.ioloop import IOLoop  # type: ignore[import-untyped]
    from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

Failure = Literal["cut", "stall", "full"]

TURN_SECONDS = 0.02
BLOCK = 64 * 1024
ALL_PERMISSIONS = "elradfmwMT"
"""pyftpdlib's letters; "elr" is a login that may only read."""


class FtpHost:
    """A server whose certificate and key lie in `folder`, and whose user begins in `incoming`.

    `without` are commands that it shall not know, such as SIZE and REST. `received` counts the bytes of uploaded data
    since the start.
    """

    def __init__(
        self,
        folder: Path,
        incoming: Path,
        *,
        tls: bool = False,
        permissions: str = ALL_PERMISSIONS,
        without: Collection[str] = (),
        user: str = "lake",
        password: str = "a-pass-of-words",  # noqa: S107 (of this server alone)
    ) -> None:
        self.incoming = incoming
        self.tls = tls
        self.user = user
        self.password = password
        self.received = 0
        self.ca_file = folder / "certificate.pem"
        self._failure: Failure = "cut"
        self._left: int | None = None
        self._ending = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        incoming.mkdir(parents=True, exist_ok=True)
        if tls:
            _make_certificate(self.ca_file, folder / "certificate.key")
        logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL + 1)
        handler = self._handler(folder, permissions, without)
        self._server: Any = FTPServer(("127.0.0.1", 0), handler, ioloop=IOLoop())
        self.port: int = self._server.address[1]
        self._thread = threading.Thread(target=self._serve, name=f"ftp on {self.port}", daemon=True)

    @property
    def url(self) -> str:
        """The address of `incoming`, as [upload] target wants it; the user's folder is the login's own."""
        return f"ftp{'s' if self.tls else ''}://{self.user}@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Let users in."""
        self._thread.start()

    def stop(self) -> None:
        """End it and every session."""
        self._ending.set()
        self._thread.join()

    def fail_after(self, count: int, failure: Failure) -> None:
        """Fail once, when `count` more bytes of uploaded data have been written; at 0 before the first.

        `cut` closes data and control connection without a word, `stall` reads no more, `full` answers 552.
        """
        self._failure = failure
        self._left = count

    def _serve(self) -> None:
        while not self._ending.is_set():
            self._server.serve_forever(timeout=TURN_SECONDS, blocking=False, handle_exit=False)
        self._server.close_all()

    def _handler(self, folder: Path, permissions: str, without: Collection[str]) -> type[Any]:
        authorizer = DummyAuthorizer()
        authorizer.add_user(self.user, self.password, str(self.incoming), perm=permissions)
        control, data = (TLS_FTPHandler, _TlsData) if self.tls else (FTPHandler, _PlainData)
        facts: dict[str, Any] = {
            "authorizer": authorizer,
            "auth_failed_timeout": 0,
            "dtp_handler": type("Data", (data,), {"host": self}),
            "proto_cmds": {name: facts for name, facts in control.proto_cmds.items() if name not in without},
        }
        if self.tls:
            files = {"certfile": str(self.ca_file), "keyfile": str(folder / "certificate.key")}
            facts |= files | {"tls_control_required": True, "tls_data_required": True}
        return type("Control", (control,), facts)


class _Failing(DTPHandler):  # type: ignore[misc]
    """A data connection that fails when its host's count is over."""

    host: FtpHost

    def handle_read(self) -> None:
        left = self.host._left
        if left == 0:
            self._fail()
            return
        self.ac_in_buffer_size = BLOCK if left is None else min(BLOCK, left)
        before = self.tot_bytes_received
        super().handle_read()
        got = self.tot_bytes_received - before
        self.host.received += got
        if left is not None and not self._closed:
            self.host._left = left - got
            if left == got:
                self._fail()

    handle_read_event = handle_read  # pyftpdlib's own shortcut goes around handle_read

    def _fail(self) -> None:
        self.host._left = None
        if self.host._failure == "cut":
            self.cmd_channel.close()
        elif self.host._failure == "stall":
            self.modify_ioloop_events(0)
        else:
            self._resp = ("552 Disk full.", logging.getLogger("pyftpdlib").debug)
            self.close()


class _PlainData(_Failing):
    """In the clear."""


class _TlsData(TLS_DTPHandler, _Failing):  # type: ignore[misc]
    """With TLS: its handle_read_event makes the handshake, then calls the one of `_Failing`."""


def _make_certificate(path: Path, key: Path) -> None:
    """Make a certificate of 127.0.0.1 that vouches for itself, and its key."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(path), "-days", "2"]
    subprocess.run([*command, *names, *files], check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
