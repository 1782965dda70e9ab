"""A day of the camera host with its cable cut for a quarter of it and its Prefect server dead for another quarter.

The day is real, and short: its slots lie seconds apart. The cable carries the uploads, by SFTP to a real sshd, and the
host's way to Prefect; cut, it is mute, as a dead modem is. The server is killed.
"""

import getpass
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from flows.ingest import ingest
from kootenay.adapters.catalog import Photo
from kootenay.adapters.files import sha256_of
from kootenay.adapters.ledger import Entry
from kootenay.rules.slots import SlotState, slot_of, slots_between
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of, ledger_of, spool_of
from rig.link import Link
from rig.prefect_host import start_server, wait_for_server
from rig.sftp import SftpHost
from tests.flows.camera_host import CameraHost, until

SLOTS, EVERY = 56, timedelta(seconds=3)
"""A photo may begin until its slot is over: three seconds late, on a machine that is busy with other things."""

CUT, DEAD, MENDED, ALIVE = 14, 24, 28, 38
"""The slots at which it happens: a quarter of the day each, overlapping."""


@pytest.fixture
def cable(host: CameraHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Link]]:
    """The camera host's only cable: to sshd and to Prefect. Its camera gives photos of 1.4 MB."""
    settings = load_settings()
    server = SftpHost(tmp_path / "sshd", settings.path(settings.ingest.incoming))
    server.start()
    links = [Link(server.port), Link(int(host.env["PREFECT_API_URL"].removesuffix("/api").rsplit(":", 1)[1]))]
    for link in links:
        link.start()
    known_hosts, scene = tmp_path / "known_hosts", tmp_path / "scene.jpg"
    known_hosts.write_text(server.known_hosts.read_text().replace(f":{server.port} ", f":{links[0].port} "))
    Image.frombytes("RGB", (1536, 1024), os.urandom(1536 * 1024 * 3)).save(scene, quality=90)
    host.env |= {
        "PREFECT_API_URL": f"http://127.0.0.1:{links[1].port}/api",
        "KOOTENAY_UPLOAD__TARGET": f"sftp://{getpass.getuser()}@127.0.0.1:{links[0].port}{server.incoming}",
        "KOOTENAY_UPLOAD__KNOWN_HOSTS": str(known_hosts),
        "KOOTENAY_UPLOAD__KEY_FILE": str(server.key_file),
        "KOOTENAY_UPLOAD__TIMEOUT_SECONDS": "5",
        "KOOTENAY_CAMERAS__LAKE__COMMAND": f'["{sys.executable}", "-m", "rig.quick_camera", "{{into}}", "{scene}"]',
    }
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[320]")
    yield links
    host.keeper.stop_all()
    for link in links:
        link.stop()
    server.stop()


def catalogued(settings: Settings, since: datetime) -> list[Photo]:
    """What the server has, once each original in its archive is seen to be what the camera gave."""
    days = {since.date(), datetime.now(UTC).date()}
    photos = [photo for day in sorted(days) for photo in catalog_of(settings).day("lake", day)]
    for photo in photos:
        assert sha256_of(settings.path(settings.archive.folder) / photo.archive_path) == photo.sha256
    return photos


@pytest.mark.real("sshd")
def test_a_day_with_the_cable_cut_and_prefect_dead_loses_and_doubles_nothing(
    host: CameraHost, cable: list[Link], figure: Callable[[str], None]
) -> None:
    settings = load_settings()
    ledger, spool = ledger_of(settings), spool_of(settings)
    host.start_worker()
    host.start_guard()
    start = slot_of(datetime.now(UTC), EVERY) + timedelta(seconds=30)
    end = start + SLOTS * EVERY
    session = host.ask("capture-session/lake-day", start=start.isoformat(), end=end.isoformat(), every_seconds=3)

    def taken() -> list[Entry]:
        return [entry for entry in ledger.between("lake", start, end) if entry.state.was_taken]

    def sleep_until(slot: int) -> None:
        time.sleep(max(0.0, (start + slot * EVERY - datetime.now(UTC)).total_seconds()))

    sleep_until(CUT)
    assert host.state(session).name == "Running"
    for link in cable:
        link.freeze()
    sleep_until(DEAD)
    host.cut_power("prefect-server")
    sleep_until(MENDED)
    backlog, mended = spool.waiting(), time.monotonic()
    for link in cable:
        link.mend()
    sleep_until(ALIVE)
    start_server(host.keeper, host.env | {"PREFECT_API_URL": os.environ["PREFECT_API_URL"]})
    wait_for_server(host.keeper, host.env)
    until(lambda: not any(each.photo.exists() for each in backlog), 150)
    minutes, size = (time.monotonic() - mended) / 60, sum(each.sidecar.bytes for each in backlog)
    until(lambda: len(taken()) == SLOTS or datetime.now(UTC) > end + EVERY, (SLOTS + 10) * EVERY.total_seconds())
    assert [entry.slot for entry in taken()] == slots_between(start, end, EVERY)
    shown = host.state(session).name
    until(lambda: host.state(session).name == "Completed", 90)

    host.keeper.stop("guard")
    until(lambda: host.end_of(host.ask("upload/spool"), 240).is_completed() and not spool.waiting(), 240)
    assert ingest(return_state=True).is_completed()
    assert host.end_of(host.ask("upload/spool"), 60).is_completed()
    assert spool.waiting() == spool.unconfirmed() == []
    since = start - timedelta(minutes=2)
    entries = ledger.between("lake", since, datetime.now(UTC))
    assert {entry.state for entry in entries} == {SlotState.CONFIRMED}
    there = [(photo.slot, photo.sha256) for photo in catalogued(settings, since)]
    assert sorted(there) == [(entry.slot, entry.sha256) for entry in entries]
    incoming, quarantine = (settings.path(folder) for folder in (settings.ingest.incoming, settings.ingest.quarantine))
    assert [*incoming.glob("*.jpg"), *quarantine.glob("*")] == []
    by = ", ".join(f"{count} by {who}" for who, count in Counter(entry.by for entry in entries).items())
    figure(
        f"a day of {SLOTS} slots, {MENDED - CUT} with the cable cut and {ALIVE - DEAD} without Prefect: none missed, "
        f"lost or doubled ({by}); {len(backlog)} photos, {size / 1e6:.1f} MB, had waited, and were sent within "
        f"{minutes:.1f} min of the mending; the session was shown {shown} and ended Completed"
    )
