"""An SFTP server: Debian's own sshd as a private instance, with its own keys, on a loopback port.

It lets in the user who started it, by one key, and gives nothing but SFTP.
"""

import getpass
import os
import signal
import socket
import subprocess
from pathlib import Path

from rig.processes import Keeper, children_of, free_port

SSHD = "/usr/sbin/sshd"
"""sshd starts itself anew for each session, so it wants its full path (sshd(8))."""

PRIVILEGE_SEPARATION = Path("/run/sshd")
"""Compiled into Debian's sshd; it refuses to start as root without this empty folder."""

READY_SECONDS = 15

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
PasswordAuthentication no
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d "{incoming}"
MaxStartups 100
"""


class SftpHost:
    """A server whose keys, configuration and log lie in `folder`, and whose users begin in `incoming`.

    `known_hosts` and `key_file` are what a client needs; `stranger_key` is a key that opens nothing.
    """

    def __init__(self, folder: Path, incoming: Path) -> None:
        self.incoming = incoming
        self.port = free_port()
        self.key_file = folder / "client_key"
        self.stranger_key = folder / "stranger_key"
        self.known_hosts = folder / "known_hosts"
        self._config = folder / "sshd_config"
        self._keeper = Keeper(folder / "logs")
        incoming.mkdir(parents=True, exist_ok=True)
        host_key = _new_key(folder / "host_key")
        (folder / "authorized_keys").write_text(f"{_new_key(self.key_file)}\n")
        _new_key(self.stranger_key)
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}\n")
        self._config.write_text(CONFIG.format(port=self.port, folder=folder, incoming=incoming))

    @property
    def url(self) -> str:
        """The address of `incoming`, as [upload] target wants it."""
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{self.incoming}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises NotReadyError with the end of its log."""
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        self._keeper.start("sshd", [SSHD, "-D", "-e", "-f", str(self._config)], os.environ, self._config.parent)
        self._keeper.wait_until("sshd", self._answers, READY_SECONDS)

    def stop(self) -> None:
        """End it and every session, as when the machine goes away."""
        self.end_sessions()
        self._keeper.stop_all()

    def end_sessions(self) -> None:
        """Kill every session; the server itself goes on. A session has left its server's process group."""
        for pid in reversed([pid for child in self.sessions() for pid in (child, *children_of(child))]):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def sessions(self) -> list[int]:
        """Return the process ids of the open sessions."""
        return [pid for process in self._keeper.running.values() for pid in children_of(process.pid)]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False


def _new_key(path: Path) -> str:
    """Make a key pair; return its public half as one line without a comment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub").read_text().strip()
