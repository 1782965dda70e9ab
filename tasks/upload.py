"""Upload's touches: photos out to the server, receipts back, how the cameras stand, and the host's news to Prefect."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from kootenay.adapters.drain import Drain, Sent, collect, look_after, send
from kootenay.adapters.host_status import tell
from kootenay.adapters.spool import SpooledPhoto
from kootenay.errors import KootenayError
from kootenay.settings import Settings
from kootenay.wiring import drain_of, news_of
from tasks import events, retry
from tasks.blocks import target_with_secrets
from tasks.clock import now


@task(task_run_name="collect receipts", **retry.NETWORK)
def collect_receipts(settings: Settings) -> int:
    """Release the spool's photos that the server confirms with their very hash; return how many."""
    drain = _drain(settings)
    confirmed, damaged = collect(drain, now)
    left = len(drain.spool.unconfirmed())
    get_run_logger().info(
        "%d photos confirmed by the server, %d damaged on the way, %d not yet", confirmed, damaged, left
    )
    return confirmed


@task(task_run_name="find photos to send")
def find_waiting(settings: Settings) -> list[SpooledPhoto]:
    """Return the spool's photos that were not sent yet, in the order that [spool] asks for; tidy the spool."""
    drain = _drain(settings)
    look_after(drain, now())
    return drain.waiting()


@task(task_run_name="send photos", **retry.NETWORK)
def send_photos(settings: Settings, batch: Sequence[SpooledPhoto]) -> Sent:
    """Send a batch over one connection; each photo is marked as it goes, so that a retry sends the rest."""
    sent, log = send(_drain(settings), batch, now), get_run_logger()
    log.info("%d photos, %.1f MB sent", sent.photos, sent.bytes / 1e6)
    for stem in sent.aside:
        log.error("%s is set aside in the spool's aside/ with the reason; the others go on", stem)
    return sent


@task(task_run_name="tell the host's news")
def tell_news(settings: Settings) -> int:
    """Tell what the camera host had to say while nobody could be told: an event each, and a table of them all."""
    news = news_of(settings)
    items = news.waiting()
    if not items:
        return 0
    for item in items:
        events.host_news(item.camera, item.kind, item.name, item.words, item.at)
    rows = [
        {
            "at": f"{item.at:%Y-%m-%d %H:%M:%SZ}",
            "camera": item.camera,
            "what": item.kind,
            "of": item.name,
            "words": item.words,
        }
        for item in items
    ]
    create_table_artifact(rows, key="camera-host-news", description="What the camera host had to tell")
    news.told(items)
    return len(items)


@task(task_run_name="tell how the cameras stand")
def tell_status(settings: Settings) -> None:
    """Tell the server how each camera stands, for its status page.

    What cannot be told is a warning and no failure: no photo is touched, and the next run says it anew.
    """
    try:
        tell(_drain(settings), settings.cameras, settings.site.place, now)
    except (KootenayError, OSError, sqlite3.Error) as error:
        get_run_logger().warning("the status page is not brought up to date: %s", error)


def _drain(settings: Settings) -> Drain:
    return drain_of(settings, partial(target_with_secrets, settings))
