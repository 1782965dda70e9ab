"""The sidecar: what the camera host knows about a photo, as a JSON file that travels beside it.

It is the photo's passport: ingest believes its hash and its instant, and nothing arrives without it.
"""

import builtins
import json
import math
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from kootenay.errors import SidecarError
from kootenay.rules import naming

COMPANION_SUFFIX = r"\.(?!jpg$|json$|part$)[a-z0-9]{1,8}"
"""The photo and its sidecar have the two other names of the stem."""


@dataclass(frozen=True)
class Companion:
    """A second file of the same shot, such as the RAW of a RAW+JPEG pair; `suffix` is lower case, with its dot."""

    suffix: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Sidecar:
    """One photo's facts. `slot` and `taken_at` are aware UTC; `elevation` is in degrees; `bytes` is the file's size.

    `by` is who took it (prefect, session, guard, hook); `clock_trusted` is false when the host's clock was not
    synchronised, so that `taken_at` may be of another day; `facts` are the camera's own: battery, card, temperature.
    """

    camera: str
    slot: datetime
    taken_at: datetime
    sha256: str
    bytes: int
    boost: bool
    elevation: float
    model: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    by: str = ""
    clock_trusted: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    companions: tuple[Companion, ...] = ()

    @property
    def stem(self) -> str:
        return naming.photo_stem(self.camera, self.slot, self.sha256)

    def to_json(self) -> str:
        """Return the sidecar as one JSON document."""
        facts = asdict(self) | {"slot": self.slot.isoformat(), "taken_at": self.taken_at.isoformat()}
        return json.dumps(facts, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | builtins.bytes, where: str) -> "Sidecar":
        """Given a document and where it lies, return the sidecar. Raises SidecarError for anything else."""
        try:
            facts: dict[str, Any] = json.loads(text)
            sidecar = cls(
                camera=_matching(facts["camera"], naming.CAMERA_NAME),
                slot=_instant(facts["slot"]),
                taken_at=_instant(facts["taken_at"]),
                sha256=_matching(facts["sha256"], "[0-9a-f]{64}"),
                bytes=int(facts["bytes"]),
                boost=_truth(facts["boost"]),
                elevation=_finite(facts["elevation"]),
                model=str(facts.get("model", "")),
                settings={str(key): str(value) for key, value in facts.get("settings", {}).items()},
                warnings=tuple(str(warning) for warning in facts.get("warnings", ())),
                by=str(facts.get("by", "")),
                clock_trusted=_truth(facts.get("clock_trusted", True)),
                facts={str(key): str(value) for key, value in facts.get("facts", {}).items()},
                companions=tuple(_companion(each) for each in facts.get("companions", ())),
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            msg = f"{where} is not a photo's sidecar ({type(error).__name__}: {error}); the photo was left where it is"
            raise SidecarError(msg) from error
        return sidecar


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = f"{text} names no time zone"
        raise ValueError(msg)
    if not 1970 <= at.year < 9999:
        msg = f"{text} is no photo's year"
        raise ValueError(msg)
    return at.astimezone(UTC)


def _companion(facts: dict[str, Any]) -> Companion:
    suffix = _matching(facts["suffix"], COMPANION_SUFFIX)
    return Companion(suffix, _matching(facts["sha256"], "[0-9a-f]{64}"), int(facts["bytes"]))


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        msg = f"{value!r} is neither true nor false"
        raise TypeError(msg)
    return value


def _finite(number: float) -> float:
    if not math.isfinite(number):
        msg = f"{number} is not finite"
        raise ValueError(msg)
    return float(number)


def _matching(text: str, pattern: str) -> str:
    if re.fullmatch(pattern, text) is None:
        msg = f"{text!r} does not match {pattern}"
        raise ValueError(msg)
    return text
