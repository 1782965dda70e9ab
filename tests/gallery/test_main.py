"""`python -m gallery`: a mistake is one line on stderr and exit code 1."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def run(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"KOOTENAY_CONFIG": os.devnull, "KOOTENAY_HOME": str(home)} | settings
    command = [sys.executable, "-m", "gallery"]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"KOOTENAY_GALLERY__PORT": "none"}, "gallery.port", id="settings"),
        pytest.param({"KOOTENAY_CATALOG__URL": "sqlite:////proc/1"}, "check [catalog] url", id="catalog"),
        pytest.param({"KOOTENAY_GALLERY__HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1", id="not-our-address"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    answer = run(tmp_path, **settings)
    assert answer.returncode == 1
    assert answer.stderr.startswith("gallery: ")
    assert answer.stderr.count("\n") == 1
    assert said in answer.stderr


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = run(tmp_path, KOOTENAY_GALLERY__PORT=str(port))
    assert answer.returncode == 1
    assert answer.stderr == (
        f"gallery: cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Stop what listens there, or set another [gallery] port\n"
    )


def test_the_gallery_never_imports_prefect() -> None:
    code = "import gallery.app, sys; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0
