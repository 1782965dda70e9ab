"""A database server: Debian's own MariaDB as a private instance, with its own data, on a loopback port.

It is for tests: what it has written does not survive a power cut, which makes it several times as fast.
"""

import os
import secrets
import socket
import subprocess
from pathlib import Path

from rig.processes import Keeper, free_port

MARIADBD = "/usr/sbin/mariadbd"
USER = "kootenay"
READY_SECONDS = 60


class MariaDb:
    """A server whose data and log lie in `folder`; its one user over TCP owns every database in it.

    `memory` is what it may hold of its data, and `log` of its changes: little for tests, more for a bench.
    """

    def __init__(self, folder: Path, memory: str = "32M", log: str = "8M") -> None:
        self.port = free_port()
        self._sizes = [f"--innodb-buffer-pool-size={memory}", f"--innodb-log-file-size={log}"]
        self.password = secrets.token_urlsafe(12)
        self.socket = folder / "socket"
        self._folder = folder
        self._keeper = Keeper(folder / "logs")
        self._as_root = ["--user=root"] if os.geteuid() == 0 else []
        self._install()

    def url(self, database: str, password: str | None = None) -> str:
        """Given a database's name, return its SQLAlchemy address, with another password than the right one if given."""
        return f"mysql+pymysql://{USER}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises NotReadyError with the end of its log."""
        command = [
            *self._server(),
            f"--datadir={self._folder / 'data'}",
            f"--init-file={self._folder / 'init.sql'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.socket}",
            f"--pid-file={self._folder / 'pid'}",
            f"--tmpdir={self._folder}",
            "--skip-name-resolve",
            "--skip-innodb-doublewrite",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        self._keeper.start("server", command, os.environ, self._folder)
        self._keeper.wait_until("server", self._answers, READY_SECONDS)

    def stop(self) -> None:
        """End it; its data stay, and `start` finds them again. It ends by SIGTERM and ignores SIGINT."""
        for process in self._keeper.running.values():
            process.terminate()
        self._keeper.stop_all()

    def _server(self) -> list[str]:
        return [MARIADBD, "--no-defaults", *self._as_root, *self._sizes]

    def _make_data(self) -> None:
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                *self._as_root,
                f"--datadir={self._folder / 'data'}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
                *self._sizes,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _install(self) -> None:
        """`init.sql` makes the user anew at every start, so it says nothing that fails the second time."""
        self._make_data()
        user = f"{USER}@'%'"
        (self._folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {user} WITH GRANT OPTION;\n"
        )

    def _answers(self) -> bool:
        """The server speaks first: a packet with its version, unless it is an error packet (0xff)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                greeting = probe.recv(5)
        except OSError:
            return False
        return len(greeting) == 5 and greeting[4] != 0xFF
