"""The style sheet's colours pass WCAG 2.2 AA in the light and in the dark."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "gallery/static/gallery.css").read_text()
LIGHT, DARK = (dict(re.findall(r"--(\w+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.S))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    channels = (int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(
    ("colour", "least"),
    [("ink", 7), ("quiet", 4.5), ("link", 4.5), ("late", 4.5), ("low", 3)],
)
def test_colours_stand_out_from_the_paper(scheme: dict[str, str], colour: str, least: float) -> None:
    assert contrast(scheme[colour], scheme["paper"]) >= least
