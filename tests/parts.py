"""The real parts that tests stand on besides Python packages, and the Debian packages that bring them.

This is the one place that names them. `python -m tests.parts` (in `make test`) installs what is missing where it may,
and says in one line what is missing where it may not.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rig import mysql9

PARTS = {
    "chromium": ("/usr/bin/chromium", "chromium"),
    "ffprobe": ("/usr/bin/ffprobe", "ffmpeg"),
    "sshd": ("/usr/sbin/sshd", "openssh-server"),
    "mariadb": ("/usr/sbin/mariadbd", "mariadb-server"),
    "gcc": ("/usr/bin/gcc", "gcc libc6-dev"),
    "gphoto2": ("/usr/bin/gphoto2", "gphoto2"),
    "mysql9": (str(mysql9.MYSQLD), ""),
}
"""A part's name, as in `@pytest.mark.real`, its program, and its Debian packages."""

ELSEWHERE = {"mysql9"}
"""Parts that only another Debian has, which may be out of reach: where they are missing no run fails."""

POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> dict[str, str]:
    """Return the parts that are not here, with the package that brings each."""
    return {part: package for part, (program, package) in PARTS.items() if not Path(program).exists()}


def install(packages: list[str]) -> None:
    """Install Debian packages, without starting the servers that some of them bring."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    with _no_services():
        subprocess.run(["apt-get", *lock, "update", "-qq"], env=environment, check=True)
        subprocess.run(
            ["apt-get", *lock, "install", "-y", "-qq", "--no-install-recommends", *packages],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def main() -> int:
    """Bring the parts here, or say what is missing. Never fails: a missing part is counted by the tests."""
    absent = missing()
    if not absent:
        return 0
    packages = sorted({package for packages in absent.values() for package in packages.split()})
    words = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"parts: without {', '.join(absent)} their tests are skipped: apt-get install {words}\n")
        return 0
    sys.stderr.write(f"parts: installing {', '.join(absent)}\n")
    try:
        if packages:
            install(packages)
        if "mysql9" in absent:
            mysql9.bring()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"parts: not installed ({error}); the tests of {', '.join(absent)} are skipped\n")
    return 0


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Debian starts a server as it is installed, unless policy-rc.d says 101 (invoke-rc.d(8))."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


if __name__ == "__main__":
    sys.exit(main())
