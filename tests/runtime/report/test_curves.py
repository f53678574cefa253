"""Points of curves that are drawn."""

import numpy as np
import pytest

from lpat.report.curves import robust_range, spans_beyond, with_crossings


def test_lines_get_a_point_where_they_cross() -> None:
    x = np.array([0.0, 10.0, 20.0])
    top, bottom = np.array([-1.0, 1.0, -3.0]), np.zeros(3)
    x, top, bottom = with_crossings(x, top, bottom)
    np.testing.assert_allclose(x, [0, 5, 10, 12.5, 20])
    np.testing.assert_allclose(top, [-1, 0, 1, 0, -3], atol=1e-7)


ONES = np.where(np.arange(100) % 2, 1.0, -1.0)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (-1.0, 1.0)),
        ({50: 6.0}, (-1.0, 6.0)),  # a high peak is no outlier
        ({50: 1e6}, (-1.0, 2.0)),
        ({50: 1e6, 51: 1e5, 52: 1e4}, (-1.0, 2.0)),
        (dict.fromkeys(range(4), 1000000.0), (-1.0, 1e6)),  # these are too many
        ({7: -1e6}, (-2.0, 1.0)),
        ({7: -1e6, 8: 1e6}, (-2.0, 2.0)),
    ],
)
def test_the_axis_holds_all_values_but_a_few_that_lie_far_off(
    changed: dict[int, float], expected: tuple[float, float]
) -> None:
    values = ONES.copy()
    values[list(changed)] = list(changed.values())
    assert robust_range(values, values) == expected


@pytest.mark.parametrize("values", [[3.0], [0.0, 9.0], [0.0] * 99 + [9.0]])
def test_where_the_rest_has_no_span_the_axis_holds_all(values: list[float]) -> None:
    array = np.array(values)
    assert robust_range(array, array) == (min(values), max(values))


def test_values_beyond_the_axis_are_known_as_runs() -> None:
    values = np.array([5.0, 0, 5, 5, 0, 5])
    assert spans_beyond(values, 1.0) == [(0, 1), (2, 4), (5, 6)]
    assert spans_beyond(values, 5.0) == []
