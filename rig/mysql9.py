"""MySQL 9 as a private instance. Debian has it in unstable alone, so it is unpacked below the user's cache.

Nothing of the system is touched: apt reads lists of its own there, and the server runs by the loader and the libraries
that were unpacked with it. `python -m rig.mysql9` brings it here, in some 15 s and 400 MB.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rig.databases import MariaDb

PREFIX = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kootenay" / "mysql9"
MYSQLD = PREFIX / "usr/sbin/mysqld"
LIBRARIES = PREFIX / "usr/lib/x86_64-linux-gnu"
SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Mysql9(MariaDb):
    """A server as MariaDb is one, of the other kind."""

    def _server(self) -> list[str]:
        loader = [str(LIBRARIES / "ld-linux-x86-64.so.2"), "--library-path", str(LIBRARIES), str(MYSQLD)]
        options = ["--innodb-buffer-pool-size=32M", "--innodb-redo-log-capacity=8M", "--disable-log-bin"]
        silent = ["--mysqlx=OFF", "--secure-file-priv=NULL", "--performance-schema=OFF"]
        return [*loader, "--no-defaults", *self._as_root, f"--basedir={PREFIX / 'usr'}", *options, *silent]

    def _make_data(self) -> None:
        command = [*self._server(), "--initialize-insecure", f"--datadir={self._folder / 'data'}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bring() -> None:
    """Unpack the server and its libraries. Raises OSError or CalledProcessError; half of it is never left there."""
    PREFIX.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PREFIX.parent) as name:
        folder = Path(name)
        for part in ("state/lists/partial", "cache/archives/partial", "root"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(f"deb [signed-by={KEYS}] {_mirror()} sid main\n")
        apt = [
            "apt-get",
            "-qq",
            *("-o", f"Dir::Etc::sourcelist={folder / 'sources.list'}", "-o", "Dir::Etc::sourceparts=-"),
            *("-o", f"Dir::State={folder / 'state'}", "-o", f"Dir::State::status={folder / 'status'}"),
            *("-o", f"Dir::Cache={folder / 'cache'}", "-o", "APT::Sandbox::User="),
        ]
        subprocess.run([*apt, "update"], check=True)
        only = ["install", "-y", "--download-only", "--no-install-recommends", "mysql-server-core"]
        subprocess.run([*apt, *only], check=True, stdout=subprocess.DEVNULL)
        for package in sorted((folder / "cache/archives").glob("*.deb")):
            if not package.name.startswith(("perl", "libperl")):
                subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
        shutil.rmtree(PREFIX, ignore_errors=True)
        (folder / "root").rename(PREFIX)


def _mirror() -> str:
    """Return the address that this machine has its own Debian packages from."""
    text = "\n".join(path.read_text() for path in SOURCES if path.exists())
    found = re.search(r"https?://\S+/debian/?(?=\s)", text + "\n")
    return found[0] if found else "http://deb.debian.org/debian"


if __name__ == "__main__":
    bring()
    sys.stdout.write(f"{MYSQLD}\n")
