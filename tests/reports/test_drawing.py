"""Charts for mails: pictures that decode, show something, and take any name."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image

from django_sla.reports.drawing import Series, bars, can_draw, lines, shortened


def series(*values: float | None) -> list[Series]:
    return [
        Series(name="Response", colour="#1f6fb2", values=values),
        Series(name="Resolution", colour="#0f8a63", values=values[::-1]),
    ]


def colours(png: bytes) -> dict[tuple[int, ...], int]:
    with Image.open(BytesIO(png)) as image:
        pixels = image.convert("RGB")
        found = pixels.getcolors(1 << 24)
    return {colour: count for count, colour in found}  # type: ignore[misc, union-attr]


BLUE, GREEN, WHITE = (0x1F, 0x6F, 0xB2), (0x0F, 0x8A, 0x63), (255, 255, 255)


@pytest.mark.parametrize("draw", [lines, bars])
@pytest.mark.parametrize("values", [(None,), (None, None), (50.0,), (0.0, None, 100.0)])
def test_whatever_the_values(draw: object, values: tuple[float | None, ...]) -> None:
    png = draw([f"W{n}" for n in range(len(values))], series(*values), 95.0)  # type: ignore[operator]
    assert colours(png)[WHITE] > 1000


def test_bars_are_as_long_as_what_they_show() -> None:
    of = {value: colours(bars(["A"], series(value), 95.0))[BLUE] for value in (25.0, 50.0, 100.0)}
    legend = 2 * of[50.0] - of[100.0]
    assert of[50.0] - legend == pytest.approx(2 * (of[25.0] - legend), rel=0.03)


def test_both_metrics_are_there() -> None:
    found = colours(lines(["W1", "W2"], series(50.0, 70.0), 95.0))
    assert min(found[BLUE], found[GREEN]) > 300


@pytest.mark.parametrize(
    "label", [r"$\frac{1", r"$\frac{1$", "$a$", "x" * 300, "<b>&amp;", "a\nb", ""]
)
def test_a_name_is_never_a_formula(label: str) -> None:
    bars([label], series(10.0), 95.0)
    lines([label], series(10.0), 95.0)


def test_many_at_once_are_as_one() -> None:
    alone = lines(["W1", "W2"], series(50.0, 70.0), 95.0)
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: lines(["W1", "W2"], series(50.0, 70.0), 95.0), range(18)))
    assert found == {alone}


def test_what_the_font_can_draw() -> None:
    assert can_draw(["Ärzte & Pflege", "Łódź", "Отдел"])
    for label in ("東京", "مكتب", "שירות"):
        assert not can_draw(["fine", label])


def test_without_matplotlib_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.ft2font", None)
    assert not can_draw(["fine"])


def test_long_names_are_shortened() -> None:
    assert shortened("Network and infrastructure") == "Network and infrastru…"
    assert shortened("Billing") == "Billing"
