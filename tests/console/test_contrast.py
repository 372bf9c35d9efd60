"""WCAG 2.2, 1.4.3: text stands out from what is behind it, in light and in dark."""

import re

import pytest

from service.console.render import HERE

SHEET = (HERE / "static" / "console.css").read_text()
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6})")
SCHEMES = {
    "light": dict(COLOUR.findall(SHEET.split("@media", 1)[0])),
    "dark": dict(COLOUR.findall(SHEET.split("@media", 2)[1])),
}
PAIRS = [
    *[(ink, paper) for ink in ("ink", "soft", "link") for paper in ("paper", "card")],
    *[(ink, f"{ink}-paper") for ink in ("good", "bad", "wait", "busy", "warn")],
    ("on-link", "link"),
    ("ink", "idle-paper"),
    ("ink", "mark"),
    ("bad", "paper"),
]


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_text_stands_out_from_what_is_behind_it(scheme, ink, paper):
    colours = SCHEMES[scheme]
    bright, dim = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)

    assert (bright + 0.05) / (dim + 0.05) >= 4.5
