"""How a camera and its host stand: gathered on the host from ledger, news and spool, told to the server, read there.

A status is told after the photos and over a connection of its own: it never delays one, and one that cannot be told
undoes nothing. The server keeps what was said last.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta

from kootenay.adapters.drain import Drain
from kootenay.adapters.files import lock
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Spool
from kootenay.adapters.transfer import STATUS
from kootenay.errors import StatusError
from kootenay.rules.daylight import Site, local_day
from kootenay.rules.gaps import day_of
from kootenay.rules.host_status import DAYS, LARGEST, Backlog, HostStatus, StandingTrouble, brief, cut


def tell(drain: Drain, cameras: Iterable[str], site: Site, now: Callable[[], datetime]) -> bool:
    """Tell the server how each camera stands; return False while somebody else drains, who will tell it himself.

    Raises TransferError; nothing that was delivered is less so.
    """
    with lock(drain.lock_path) as alone:
        if not alone:
            return False
        said = [status_of(drain.ledger, drain.news, drain.spool, name, site, now()) for name in cameras]
        with drain.open_target() as target:
            for status in said:
                target.tell(status.camera, status.to_json().encode())
    return True


def status_of(ledger: Ledger, news: News, spool: Spool, camera: str, site: Site, now: datetime) -> HostStatus:
    """Given the host's books and a camera's name, return how it stands now."""
    today = site.local(now).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    entries = ledger.between(camera, local_day(site, days[0])[0], local_day(site, today)[1])
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_day[site.local(entry.slot).date()].append(entry)
    spoke = next((entry for entry in reversed(entries) if entry.facts), None)
    troubles = news.troubles("") | news.troubles(camera)
    return HostStatus(
        camera=camera,
        said_at=now.replace(microsecond=0),
        days=tuple(brief(day_of(day, by_day[day])) for day in days),
        backlog=backlog_of(spool, camera),
        disk_free=spool.free_bytes(),
        facts=spoke.facts if spoke else {},
        facts_at=spoke.slot if spoke else None,
        troubles=tuple(
            StandingTrouble(name, each.since, each.count, cut(each.reason)) for name, each in troubles.items()
        ),
    )


def backlog_of(spool: Spool, camera: str) -> Backlog:
    """Given a spool and a camera's name, return what of its photos is not safely on the server yet."""
    waiting = [each.sidecar for each in spool.waiting() if each.sidecar.camera == camera]
    size = sum(sidecar.bytes + sum(each.bytes for each in sidecar.companions) for sidecar in waiting)
    awaiting = sum(each.sidecar.camera == camera for each in spool.unconfirmed())
    return Backlog(len(waiting), size, waiting[0].slot if waiting else None, awaiting)


def told_in(documents: Mapping[str, bytes]) -> tuple[list[HostStatus], list[tuple[str, str]]]:
    """Given documents by name (`status/lake.json`), return what hosts have said, and (name, reason) of what is none."""
    said, misfits = [], []
    for name, content in sorted(documents.items()):
        try:
            said.append(_read(name, content))
        except StatusError as error:
            misfits.append((name, str(error)))
    return said, misfits


def _read(name: str, content: bytes) -> HostStatus:
    if len(content) > LARGEST:
        msg = f"{name} has more than {LARGEST} bytes, too many for a camera's status; the one before it stands"
        raise StatusError(msg)
    status = HostStatus.from_json(content, name)
    if name != f"{STATUS}/{status.camera}.json":
        msg = f"{name} speaks of another camera, {status.camera}; the one before it stands"
        raise StatusError(msg)
    return status
