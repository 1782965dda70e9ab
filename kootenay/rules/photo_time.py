"""When a photo was taken, and how that is known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from kootenay.rules.daylight import Site
from kootenay.rules.sidecar import Sidecar


@dataclass(frozen=True)
class PhotoTime:
    """An instant in UTC, the site's offset then, and the source that named it."""

    utc: datetime
    offset: timedelta
    source: str

    @property
    def local_date(self) -> date:
        """The site's date then, which is the day a photo belongs to."""
        return (self.utc + self.offset).date()


def taken_at(site: Site, sidecar: Sidecar) -> PhotoTime:
    """Given the site and the camera host's word, return the photo's time."""
    local = site.local(sidecar.taken_at)
    offset = local.utcoffset()
    assert offset is not None, "an aware instant has an offset"
    return PhotoTime(sidecar.taken_at.astimezone(UTC), offset, "sidecar")
