"""A camera host of one's own, with a camera that costs nothing, for the guard's tests."""

import sys
from pathlib import Path

import pytest

from kootenay.settings import Settings, load_settings

QUICK = (sys.executable, "-m", "rig.quick_camera", "{into}")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A station in a polar summer, so that every slot has light, whose camera is a command."""
    config = tmp_path / "kootenay.toml"
    command = ", ".join(f'"{word}"' for word in QUICK)
    config.write_text(
        f"""
        home = "{tmp_path / "home"}"
        [site]
        latitude = 78.2232
        longitude = 15.6267
        timezone = "Arctic/Longyearbyen"
        [cameras.fjord]
        driver = "command"
        command = [{command}]
        normal = {{}}
        bands = []
        [spool]
        floor_megabytes = 0
        """
    )
    monkeypatch.setenv("KOOTENAY_CONFIG", str(config))
    monkeypatch.delenv("KOOTENAY_HOME", raising=False)
    return load_settings()
