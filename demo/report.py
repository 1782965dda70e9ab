"""What the demo says at its end: a table anyone can check, and where to look."""

from collections import Counter
from collections.abc import Iterable

from demo.day import DATE, Outcome
from demo.house import House
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings
from kootenay.wiring import store_of


def table(outcome: Outcome, seconds: float) -> str:
    """Given the day's outcome and how long it took, return the table, a line a fact."""
    lit = sum(1 for plan in outcome.plans if plan.light.shoot)
    states = Counter(entry.state for entry in outcome.entries)
    taken = sum(count for state, count in states.items() if state.has_photo)
    renditions = [each for photo in outcome.photos for each in photo.renditions]
    film = outcome.film
    runs = Counter(run.state.name for run in outcome.runs if run.state)
    rows = [
        ("slots of the day", f"{len(outcome.plans)}, {lit} with light"),
        ("taken", f"{taken}, of which {states[SlotState.CONFIRMED]} confirmed by the server"),
        ("skipped", f"{states[SlotState.SKIPPED]}: night"),
        ("left out", f"{lit - taken - states[SlotState.MISSED]}: by DEMO_SLOTS"),
        ("missed", f"{states[SlotState.MISSED]}"),
        ("photos", f"{len(outcome.photos)}, {_mega(photo.bytes for photo in outcome.photos)} of originals"),
        ("sizes", f"{len(renditions)}, {_mega(each.bytes for each in renditions)}"),
        ("film", f"{film.frames} frames, {film.seconds:.1f} s, {_mega([film.bytes])}"),
        ("Prefect runs", ", ".join(f"{count} {name}" for name, count in sorted(runs.items()))),
        ("slot to page", f"{outcome.slot_to_page:.1f} s"),
        ("the whole demo", f"{seconds:.0f} s"),
    ]
    lines = [f"  {name:<18}{value}" for name, value in rows if not value.startswith("0: ")]
    return "\n".join([f"A day at the lake, {DATE.isoformat()}", *lines])


def addresses(house: House, settings: Settings, outcome: Outcome) -> str:
    """Return the three addresses to open."""
    return "\n".join(
        [
            f"  Prefect UI   {house.prefect_url}",
            f"  gallery      {house.gallery_url}",
            f"  film         {house.gallery_url}{store_of(settings).url(outcome.film.key)}",
        ]
    )


def complaint(outcome: Outcome, wanted: int) -> str | None:
    """Given the outcome and how many photos there should be, return what is wrong with it, if anything."""
    taken = sum(1 for entry in outcome.entries if entry.state.has_photo)
    bad = sorted({run.name for run in outcome.runs if run.state and not run.state.is_completed()})
    if not taken == len(outcome.photos) == outcome.film.frames == wanted:
        return (
            f"{wanted} photos were wanted, {taken} taken, {len(outcome.photos)} are catalogued and "
            f"{outcome.film.frames} in the film"
        )
    if bad:
        return f"these runs did not end Completed: {', '.join(bad)}"
    return None


def _mega(sizes: Iterable[int]) -> str:
    return f"{sum(sizes) / 1e6:.1f} MB"
