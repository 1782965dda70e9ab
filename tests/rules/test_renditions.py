"""Renditions are smaller copies of the same picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.renditions import Size, rendition_sizes

SIZES = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))
WIDTHS = st.lists(st.integers(16, 8192), max_size=8)


@given(SIZES, WIDTHS)
def test_a_rendition_is_never_larger_than_the_original(original: Size, widths: list[int]) -> None:
    for size in rendition_sizes(original, widths):
        assert 1 <= size.width <= original.width
        assert 1 <= size.height <= original.height


@given(SIZES, WIDTHS)
def test_a_rendition_keeps_the_aspect_within_a_pixel(original: Size, widths: list[int]) -> None:
    for size in rendition_sizes(original, widths):
        exact = original.height * size.width / original.width
        assert abs(size.height - exact) <= 0.5 or (size.height == 1 and exact < 1)


@given(SIZES, WIDTHS)
def test_every_wanted_width_that_fits_is_made_once_largest_first(original: Size, widths: list[int]) -> None:
    made = [size.width for size in rendition_sizes(original, widths)]
    assert made == sorted(set(made), reverse=True)
    assert set(made) == {width for width in widths if width <= original.width} or made == [original.width]
    assert made


@given(SIZES, WIDTHS)
def test_the_order_of_the_wanted_widths_does_not_matter(original: Size, widths: list[int]) -> None:
    assert rendition_sizes(original, reversed(widths)) == rendition_sizes(original, widths)


@pytest.mark.parametrize(
    ("original", "widths", "sizes"),
    [
        pytest.param((6000, 4000), (640, 1920, 320), [(1920, 1280), (640, 427), (320, 213)], id="largest-first"),
        pytest.param((4000, 6000), (1920, 640), [(1920, 2880), (640, 960)], id="upright"),
        pytest.param((1920, 1080), (1920, 640), [(1920, 1080), (640, 360)], id="as-wide-as-wanted"),
        pytest.param((1919, 1080), (1920, 640), [(640, 360)], id="a-pixel-short"),
        pytest.param((200, 150), (1920, 640), [(200, 150)], id="smaller-than-all"),
        pytest.param((200, 150), (), [(200, 150)], id="none-wanted"),
        pytest.param((800, 600), (640, 640), [(640, 480)], id="wanted-twice"),
        pytest.param((10_000, 1), (320,), [(320, 1)], id="a-line"),
    ],
)
def test_a_photo_is_offered_in(
    original: tuple[int, int], widths: tuple[int, ...], sizes: list[tuple[int, int]]
) -> None:
    assert rendition_sizes(Size(*original), widths) == [Size(*size) for size in sizes]
