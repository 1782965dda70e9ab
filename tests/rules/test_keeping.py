"""What may leave the archive: never what is not elsewhere, the oldest first, and no more than must."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.keeping import Original, Policy, day_of, retention
from kootenay.rules.naming import original_path

TODAY = date(2026, 6, 21)
SLOT = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)


def original(age: int, elsewhere: bool = True, size: int = 10) -> Original:
    return Original(f"lake/{age}", size, TODAY - timedelta(days=age), True, elsewhere)


ORIGINALS = st.lists(st.builds(original, st.integers(0, 60), st.booleans(), st.integers(0, 100))).map(
    lambda found: sorted(found, key=lambda each: each.day)
)
POLICIES = st.builds(Policy, st.integers(0, 40), st.integers(0, 1000))


@given(ORIGINALS, st.integers(0, 1000), POLICIES)
def test_only_what_is_elsewhere_goes_and_everything_has_its_reason(
    originals: list[Original], free: int, policy: Policy
) -> None:
    decisions = retention(originals, free, policy, TODAY)
    assert all(each.original.elsewhere == each.goes for each in decisions)
    assert all(each.reason for each in decisions)
    assert [each.original for each in decisions] == originals[: len(decisions)], "the oldest first"


@given(ORIGINALS, st.integers(0, 1000), POLICIES)
def test_what_is_old_goes_and_of_the_young_no_more_than_the_disk_needs(
    originals: list[Original], free: int, policy: Policy
) -> None:
    gone = [each.original for each in retention(originals, free, policy, TODAY) if each.goes]
    limit = TODAY - timedelta(days=policy.keep_days)
    old = [each for each in originals if policy.keep_days and each.day < limit and each.elsewhere]
    assert gone[: len(old)] == old
    young = gone[len(old) :]
    freed = free + sum(each.bytes for each in gone)
    if young:
        assert freed - young[-1].bytes < policy.floor, "the last one was still needed"
    else:
        left = [each for each in originals if each.elsewhere and each not in gone]
        assert not left or freed >= policy.floor


@pytest.mark.parametrize(
    ("policy", "free", "reasons"),
    [
        pytest.param(Policy(0, 0), 0, [], id="for ever"),
        pytest.param(Policy(30, 0), 0, ["older than 30 days, the second place has it"], id="31 days"),
        pytest.param(Policy(0, 10), 10, [], id="just enough room"),
        pytest.param(Policy(0, 11), 10, ["the disk is low, the second place has it"], id="a byte too little"),
        pytest.param(Policy(30, 21), 10, ["older than 30 days, the second", "the disk is low, the second"], id="both"),
    ],
)
def test_reasons(policy: Policy, free: int, reasons: list[str]) -> None:
    decisions = retention([original(31), original(30), original(0)], free, policy, TODAY)
    assert len(decisions) == len(reasons)
    assert all(found.reason.startswith(said) for found, said in zip(decisions, reasons, strict=True))


def test_what_is_not_elsewhere_is_told_and_stays() -> None:
    (decision,) = retention([original(31, elsewhere=False)], 0, Policy(30, 0), TODAY)
    assert (decision.goes, decision.reason) == (
        False,
        "older than 30 days, but the second place has not got it: it stays",
    )


def test_the_archives_own_paths_are_known() -> None:
    place = original_path("lake", TODAY, SLOT, "ab" * 32)
    assert day_of(place) == TODAY
    assert day_of(place.replace(".jpg", ".cr3")) == TODAY


@pytest.mark.parametrize(
    "place",
    [
        "lake/2026/06/21/holiday.jpg",
        "lake/2026/06/21/north_20260621T200000Z_abababab.jpg",
        "lake/2026/06/31/lake_20260621T200000Z_abababab.jpg",
        "lake/2026/06/21/lake_20260621T200000Z_abababab.json",
        "lake/2026/06/21/lake_20260621T200000Z_abababab.jpg.part",
        "lake/2026/06/21/lake_20260621T200000Z_abababab",
        "lake/2026/06/21/x/lake_20260621T200000Z_abababab.jpg",
        "../lake/2026/06/21/lake_20260621T200000Z_abababab.jpg",
        "lake_20260621T200000Z_abababab.jpg",
        "lake/2026/06/21/lake_20260621T200000Z_abababab.jpg\n",
    ],
)
def test_what_somebody_else_named_is_none_of_its_business(place: str) -> None:
    assert day_of(place) is None
