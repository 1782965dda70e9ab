"""The `latest` pointer of a camera: a small JSON object in the store, by which a page finds the newest photo alone.

Its keys are relative to the store's public address. It never goes back in time, whoever writes it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class LatestSize:
    """A size of the newest photo; width and height in pixels."""

    width: int
    height: int
    key: str


@dataclass(frozen=True)
class Latest:
    """A camera's newest photo: the aware instant it was taken, and its sizes."""

    taken_at: datetime
    sizes: tuple[LatestSize, ...]

    def to_json(self) -> bytes:
        """Return it as its object holds it."""
        taken_at = self.taken_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        sizes = [{"width": each.width, "height": each.height, "key": each.key} for each in self.sizes]
        return json.dumps({"taken_at": taken_at, "sizes": sizes}, indent=1).encode()


def latest_of(content: bytes) -> Latest | None:
    """Given a pointer's bytes, return what it says; what cannot be read as one says nothing and may be replaced."""
    try:
        found: dict[str, Any] = json.loads(content)
        taken_at = datetime.fromisoformat(found["taken_at"])
        sizes = tuple(LatestSize(int(each["width"]), int(each["height"]), str(each["key"])) for each in found["sizes"])
    except (ValueError, KeyError, TypeError):
        return None
    return Latest(taken_at, sizes) if taken_at.tzinfo else None


def is_newer(latest: Latest, standing: Latest | None) -> bool:
    """Return whether a pointer may replace the one that stands; of the same instant it may, to correct it."""
    return standing is None or latest.taken_at >= standing.taken_at
