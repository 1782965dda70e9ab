"""What draining promises: every photo arrives once, a bad one holds up no other, and somebody hears of what waits."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.drain import MOST_REFUSALS, Drain, Sent, collect, look_after, send
from kootenay.adapters.files import lock
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Spool, SpooledPhoto
from kootenay.adapters.transfer import RECEIPTS, write_receipt
from kootenay.adapters.transfer.folder import FolderTarget
from kootenay.errors import PhotoRefusedError, TransferError
from kootenay.rules.naming import slot_prefix
from kootenay.rules.sidecar import Companion
from kootenay.rules.slots import SlotState
from tests.adapters.conftest import SLOT, STEP, names, spool_photo

NOW = datetime(2026, 6, 21, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


class Server(FolderTarget):
    """A folder that takes each photo as the real one does, remembers in which order, and may be told to fail.

    It is stricter than the real one: a photo must lie whole in `new/` as it is sent.
    """

    def __init__(self, incoming: Path) -> None:
        super().__init__(incoming)
        incoming.mkdir()
        self.taken: list[str] = []
        self.opened = 0
        self.fault: Callable[[SpooledPhoto], None] = lambda spooled: None

    def send(self, spooled: SpooledPhoto) -> None:
        assert spooled.photo.parent.name == "new"
        assert all(path.exists() for path in spooled.files)
        self.fault(spooled)
        super().send(spooled)
        self.taken.append(spooled.sidecar.stem)

    def open(self) -> contextlib.AbstractContextManager["Server"]:
        self.opened += 1
        return contextlib.nullcontext(self)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "incoming")


@pytest.fixture
def drain(tmp_path: Path, server: Server) -> Drain:
    ledger = Ledger(tmp_path / "ledger.db")
    return Drain(
        spool=Spool(tmp_path / "spool"),
        ledger=ledger,
        news=News(ledger.database),
        lock_path=tmp_path / "upload.lock",
        open_target=server.open,
        newest_first=False,
        keep=timedelta(days=7),
        alert_after=HOUR,
        reminder=6 * HOUR,
    )


def take(drain: Drain, count: int = 3) -> list[SpooledPhoto]:
    """Take so many photos as a station does, into spool and ledger."""
    photos = [spool_photo(drain.spool, SLOT + number * STEP) for number in range(count)]
    for spooled in photos:
        drain.ledger.record(Entry.of_photo(spooled.sidecar, SlotState.TAKEN, "daylight"), NOW)
    return photos


def send_all(drain: Drain) -> Sent:
    return send(drain, drain.waiting(), lambda: NOW)


def stems(photos: list[SpooledPhoto]) -> list[str]:
    return [spooled.sidecar.stem for spooled in photos]


def state_of(drain: Drain, spooled: SpooledPhoto) -> SlotState:
    entry = drain.ledger.find("lake", spooled.sidecar.slot)
    assert entry is not None
    return entry.state


def told(drain: Drain) -> list[tuple[str, str]]:
    return [(item.kind, item.name) for item in drain.news.waiting()]


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
def test_everything_that_waits_is_sent_once_and_in_order(drain: Drain, server: Server, newest_first: bool) -> None:
    drain = replace(drain, newest_first=newest_first)
    photos = take(drain)
    size = sum(spooled.sidecar.bytes for spooled in photos)
    assert send_all(drain) == Sent(3, size)
    assert server.taken == (stems(photos)[::-1] if newest_first else stems(photos))
    assert drain.waiting() == []
    assert stems(drain.spool.unconfirmed()) == stems(photos)
    assert [state_of(drain, spooled) for spooled in photos] == [SlotState.UPLOADED] * 3
    assert names(server.incoming) == sorted(f"{stem}{suffix}" for stem in stems(photos) for suffix in (".jpg", ".json"))
    assert send_all(drain) == Sent(0, 0)
    assert len(server.taken) == 3


def test_a_batch_that_another_run_has_sent_meanwhile_is_not_sent_again(drain: Drain, server: Server) -> None:
    photos = take(drain)
    send_all(drain)
    assert send(drain, photos, lambda: NOW) == Sent(0, 0)
    assert server.taken == stems(photos)


def test_a_batch_is_all_that_is_sent(drain: Drain, server: Server) -> None:
    photos = take(drain)
    send(drain, photos[:2], lambda: NOW)
    assert server.taken == stems(photos[:2])
    assert drain.waiting() == photos[2:]


def refused_by_the_server(spooled: SpooledPhoto, server: Server) -> None:
    """Something that is no file has the photo's place there."""
    (server.incoming / spooled.photo.name).mkdir()


def damaged_here(spooled: SpooledPhoto, server: Server) -> None:
    spooled.photo.write_bytes(b"\0" * spooled.sidecar.bytes)


def companion_damaged_here(spooled: SpooledPhoto, server: Server) -> None:
    """The RAW that its sidecar names is another."""
    spooled.photo.with_suffix(".nef").write_bytes(b"another raw")
    sidecar = replace(spooled.sidecar, companions=(Companion(".nef", "ab" * 32, 11),))
    spooled.sidecar_path.write_text(sidecar.to_json())


def unreadable_here(spooled: SpooledPhoto, server: Server) -> None:
    """As a bad sector: it is there, and reading it is an error."""
    spooled.photo.unlink()
    spooled.photo.mkdir()


POISON = pytest.mark.parametrize(
    "spoil", [refused_by_the_server, damaged_here, companion_damaged_here, unreadable_here]
)


@POISON
def test_a_photo_that_cannot_go_holds_up_no_other_and_is_set_aside_after_some_runs(
    drain: Drain, server: Server, spoil: Callable[[SpooledPhoto, Server], None]
) -> None:
    poison, *others = take(drain)
    spoil(poison, server)
    stem = poison.sidecar.stem
    first = send_all(drain)
    assert (first.photos, first.refused, first.aside) == (2, (stem,), ())
    assert server.taken == stems(others)
    for _ in range(MOST_REFUSALS - 2):
        assert send_all(drain) == Sent(0, 0, (stem,))
    assert stems(drain.waiting()) == [stem]
    assert told(drain) == []
    assert send_all(drain) == Sent(0, 0, (stem,), (stem,))
    assert drain.waiting() == []
    assert send_all(drain) == Sent(0, 0)
    (alert,) = drain.news.waiting()
    assert (alert.camera, alert.kind, alert.name, alert.at) == ("lake", "alert", stem, NOW)
    assert stem in alert.words
    assert (drain.spool.aside / poison.photo.name).exists()
    assert (drain.spool.aside / poison.sidecar_path.name).exists()
    assert (drain.spool.aside / f"{stem}.reason.txt").read_text().strip() in alert.words
    assert state_of(drain, poison) is SlotState.TAKEN


def test_a_damaged_photo_never_reaches_the_server(drain: Drain, server: Server) -> None:
    (spooled,) = take(drain, 1)
    damaged_here(spooled, server)
    for _ in range(MOST_REFUSALS):
        send_all(drain)
    assert names(server.incoming) == []
    assert (drain.spool.aside / spooled.photo.name).read_bytes() == b"\0" * spooled.sidecar.bytes


def test_a_photo_is_never_set_aside_without_a_word_also_after_a_kill(
    drain: Drain, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (poison,) = take(drain, 1)
    damaged_here(poison, server)
    for _ in range(MOST_REFUSALS - 1):
        send_all(drain)

    def killed(*words: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(News, "tell", killed)
        send_all(drain)
    assert drain.waiting() == [poison]
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Spool, "set_aside", killed)
        send_all(drain)
    assert told(drain) == [("alert", poison.sidecar.stem)]
    assert send_all(drain).aside == (poison.sidecar.stem,)
    assert drain.waiting() == []


def test_a_photo_that_goes_in_the_end_and_is_confirmed_begins_to_count_anew(drain: Drain, server: Server) -> None:
    (spooled,) = take(drain, 1)
    refused_by_the_server(spooled, server)
    for _ in range(MOST_REFUSALS - 1):
        send_all(drain)
    (server.incoming / spooled.photo.name).rmdir()
    assert send_all(drain).photos == 1
    write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert collect(drain, lambda: NOW) == (1, 0)
    assert drain.news.refused(spooled.sidecar.stem, "again") == 1
    assert told(drain) == []


def test_a_photo_that_always_comes_damaged_is_set_aside_in_the_end(drain: Drain, server: Server) -> None:
    (spooled,) = take(drain, 1)
    for _ in range(MOST_REFUSALS):
        assert send_all(drain).photos == 1
        write_receipt(server.incoming, spooled.sidecar.stem, "0" * 64)
        assert collect(drain, lambda: NOW) == (0, 1)
    assert drain.waiting() == []
    assert (drain.spool.aside / spooled.photo.name).exists()
    assert told(drain) == [("alert", spooled.sidecar.stem)]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_connection_lost_in_the_middle_leaves_the_rest_waiting(drain: Drain, server: Server, position: int) -> None:
    photos = take(drain)

    def fault(spooled: SpooledPhoto) -> None:
        if len(server.taken) == position:
            msg = "connection lost"
            raise TransferError(msg)

    server.fault = fault
    with pytest.raises(TransferError, match="connection lost"):
        send_all(drain)
    assert stems(drain.spool.unconfirmed()) == stems(photos[:position])
    assert drain.waiting() == photos[position:]
    states = [SlotState.UPLOADED] * position + [SlotState.TAKEN] * (3 - position)
    assert [state_of(drain, spooled) for spooled in photos] == states
    server.fault = lambda spooled: None
    assert send_all(drain).photos == 3 - position
    assert server.taken == stems(photos)


def test_a_connection_that_is_lost_again_and_again_sets_no_photo_aside(drain: Drain, server: Server) -> None:
    photos = take(drain)

    def fault(spooled: SpooledPhoto) -> None:
        msg = "connection lost"
        raise TransferError(msg)

    server.fault = fault
    for _ in range(2 * MOST_REFUSALS):
        with pytest.raises(TransferError):
            send_all(drain)
    assert drain.waiting() == photos
    assert names(drain.spool.aside) == []


@pytest.mark.parametrize("verb", ["mark_sent", "record"], ids=["before it is marked", "before the ledger knows"])
def test_a_kill_after_the_server_has_a_photo_leaves_one_photo_there(
    drain: Drain, server: Server, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    (spooled,) = take(drain, 1)

    def killed(*words: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Spool if verb == "mark_sent" else Ledger, verb, killed)
        send_all(drain)
    before = names(server.incoming)
    assert len(before) == 2
    send_all(drain)
    assert names(server.incoming) == before
    assert set(server.taken) == {spooled.sidecar.stem}
    assert stems(drain.spool.unconfirmed()) == [spooled.sidecar.stem]
    write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert collect(drain, lambda: NOW) == (1, 0)
    assert state_of(drain, spooled) is SlotState.CONFIRMED


def test_who_comes_second_does_nothing_while_the_first_drains(drain: Drain, server: Server) -> None:
    take(drain)
    seconds: list[Any] = []

    def fault(spooled: SpooledPhoto) -> None:
        seconds.extend([send_all(drain), collect(drain, lambda: NOW)])

    server.fault = fault
    assert send_all(drain).photos == 3
    assert seconds == [Sent(0, 0), (0, 0)] * 3
    assert server.opened == 1


def test_while_another_drains_nothing_is_opened_and_nothing_moved(drain: Drain, server: Server) -> None:
    photos = take(drain)
    with lock(drain.lock_path) as alone:
        assert alone
        assert send_all(drain) == Sent(0, 0)
        assert collect(drain, lambda: NOW) == (0, 0)
    assert server.opened == 0
    assert drain.waiting() == photos


def sent(drain: Drain, server: Server, count: int = 3) -> list[SpooledPhoto]:
    photos = take(drain, count)
    send_all(drain)
    return photos


def receipts(server: Server) -> list[str]:
    return names(server.incoming / RECEIPTS)


def test_what_the_server_confirms_is_kept_and_written_down(drain: Drain, server: Server) -> None:
    first, second, third = sent(drain, server)
    for spooled in (first, third):
        write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert collect(drain, lambda: NOW) == (2, 0)
    assert stems(drain.spool.unconfirmed()) == [second.sidecar.stem]
    for spooled in (first, third):
        assert (drain.spool.kept / spooled.photo.name).exists()
        assert (drain.spool.kept / spooled.sidecar_path.name).exists()
    states = [state_of(drain, spooled) for spooled in (first, second, third)]
    assert states == [SlotState.CONFIRMED, SlotState.UPLOADED, SlotState.CONFIRMED]
    assert receipts(server) == []
    assert collect(drain, lambda: NOW) == (0, 0)


def test_a_photo_that_came_damaged_is_sent_again(drain: Drain, server: Server) -> None:
    (spooled,) = sent(drain, server, 1)
    write_receipt(server.incoming, spooled.sidecar.stem, "ff" * 32)
    assert collect(drain, lambda: NOW) == (0, 1)
    assert receipts(server) == []
    assert drain.waiting() == [spooled]
    assert state_of(drain, spooled) is SlotState.UPLOADED
    assert send_all(drain).photos == 1
    write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert collect(drain, lambda: NOW) == (1, 0)
    assert state_of(drain, spooled) is SlotState.CONFIRMED


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"{half", b'{"sha256": ""}'], ids=str)
def test_what_is_no_receipt_confirms_nothing(drain: Drain, server: Server, content: bytes) -> None:
    (spooled,) = sent(drain, server, 1)
    (server.incoming / RECEIPTS).mkdir()
    (server.incoming / RECEIPTS / spooled.sidecar_path.name).write_bytes(content)
    assert collect(drain, lambda: NOW) == (0, 0)
    assert stems(drain.spool.unconfirmed()) == [spooled.sidecar.stem]


def test_nothing_awaited_opens_no_connection(drain: Drain, server: Server) -> None:
    take(drain)
    assert collect(drain, lambda: NOW) == (0, 0)
    assert server.opened == 0


@pytest.mark.parametrize("verb", ["record", "release"], ids=["before the ledger knows", "before it is released"])
def test_a_kill_while_a_receipt_is_acted_upon_is_made_good_by_the_next_run(
    drain: Drain, server: Server, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    (spooled,) = sent(drain, server, 1)
    write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)

    def killed(*words: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Ledger if verb == "record" else Spool, verb, killed)
        collect(drain, lambda: NOW)
    assert receipts(server) == [spooled.sidecar_path.name]
    assert collect(drain, lambda: NOW) == (1, 0)
    assert state_of(drain, spooled) is SlotState.CONFIRMED
    assert (drain.spool.kept / spooled.photo.name).exists()


def test_a_receipt_that_cannot_be_removed_holds_up_no_other(
    drain: Drain, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for spooled in sent(drain, server):
        write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)

    def forget(stem: str) -> None:
        msg = "read-only"
        raise PhotoRefusedError(msg)

    monkeypatch.setattr(server, "forget", forget)
    assert collect(drain, lambda: NOW) == (3, 0)


def test_a_photo_let_go_for_want_of_disk_while_receipts_come_holds_up_no_other(
    drain: Drain, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped, other = sent(drain, server, 2)
    for spooled in (dropped, other):
        write_receipt(server.incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    real = server.receipts

    def meanwhile(awaited: Any) -> dict[str, str]:
        drain.spool.let_go(each for each in drain.spool.pressed(2**62, STEP) if each.sidecar == dropped.sidecar)
        return real(awaited)

    monkeypatch.setattr(server, "receipts", meanwhile)
    assert collect(drain, lambda: NOW) == (1, 0)
    assert drain.spool.of_slot(slot_prefix("lake", dropped.sidecar.slot)) is None
    assert state_of(drain, other) is SlotState.CONFIRMED


def test_somebody_hears_once_of_photos_that_wait_too_long_again_now_and_then_and_when_they_went(
    drain: Drain,
) -> None:
    take(drain)
    for hours in (0, 1):
        look_after(drain, SLOT + hours * HOUR)
    assert told(drain) == []
    for hours in (1.1, 2, 4, 7):
        look_after(drain, SLOT + hours * HOUR)
    assert told(drain) == [("alert", "upload")]
    assert "3 photos wait in the spool, the oldest is of 2026-06-21 20:00 UTC" in drain.news.waiting()[0].words
    for hours in (7.1, 9):
        look_after(drain, SLOT + hours * HOUR)
    send_all(drain)
    for hours in (9.1, 9.2):
        look_after(drain, SLOT + hours * HOUR)
    assert told(drain) == [("alert", "upload"), ("reminder", "upload"), ("recovered", "upload")]


def test_it_is_the_oldest_that_has_waited_too_long_whichever_goes_first(drain: Drain) -> None:
    drain = replace(drain, newest_first=True)
    take(drain)
    look_after(drain, SLOT + HOUR + timedelta(seconds=1))
    assert told(drain) == [("alert", "upload")]


def test_photos_that_await_their_receipt_do_not_wait_to_be_sent(drain: Drain, server: Server) -> None:
    sent(drain, server)
    look_after(drain, SLOT + 100 * HOUR)
    assert told(drain) == []


def test_confirmed_photos_are_deleted_when_their_days_are_over(drain: Drain, server: Server) -> None:
    first, second = sent(drain, server, 2)
    write_receipt(server.incoming, first.sidecar.stem, first.sidecar.sha256)
    collect(drain, lambda: NOW)
    now = datetime.now(UTC)
    look_after(drain, now + timedelta(days=6))
    assert (drain.spool.kept / first.photo.name).exists()
    look_after(drain, now + timedelta(days=8))
    assert names(drain.spool.root) == [f"sent/{second.photo.name}", f"sent/{second.sidecar_path.name}"]
