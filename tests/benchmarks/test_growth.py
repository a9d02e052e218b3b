"""How growth is judged, and the page that is made of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from growth import DIMENSIONS, judged, page, picture
from peers.driver import machine


def figures(*costs, values=(1, 2, 3, 4, 5, 6)):
    return {
        value: {"events": 10, "cpu_us": float(cost), "peak_mib": 50.0}
        for value, cost in zip(values, costs, strict=False)
    }


@pytest.mark.parametrize(("largest", "is_linear"), [(200, True), (201, False)])
def test_the_largest_may_cost_twice_what_the_middle_ones_do(largest, is_linear):
    verdict = judged(DIMENSIONS["events"], figures(999, 500, 90, 110, 300, largest))
    assert verdict.middle == 100
    assert verdict.is_linear is is_linear


def test_what_costs_in_proportion_to_its_size_is_linear():
    sizes = (100, 1_000, 10_000)
    assert judged(DIMENSIONS["payload"], figures(1, 10, 200, values=sizes)).ratio == pytest.approx(2)
    assert judged(DIMENSIONS["sinks"], figures(1, 2, 4, values=(1, 2, 4))).ratio == pytest.approx(1)


def test_two_values_are_too_few():
    assert judged(DIMENSIONS["sinks"], figures(1, 2)) is None


def test_the_page_tells_figures_and_verdicts_and_the_plot_draws_them():
    measured = {"sinks": figures(100, 200, 400, 1700, values=(1, 2, 4, 8)), "detectors": figures(7, 8, 9)}
    text = page(measured, machine())
    assert "| 8 | 1,700.0 | 212,500.0 | 50 |" in text
    assert "| 3 | 9.0 | 50 |" in text
    assert "**worse than linear**: 2.12 times" in text
    assert "linear or better: 1.12 times" in text
    drawn = picture(measured)
    assert len(ET.fromstring(drawn).findall("{http://www.w3.org/2000/svg}rect")) == 1 + 4 + 3
