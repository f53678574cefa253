"""Points of curves that are drawn."""

import numpy as np

from lpat.report.curves import with_crossings


def test_lines_get_a_point_where_they_cross() -> None:
    x = np.array([0.0, 10.0, 20.0])
    top, bottom = np.array([-1.0, 1.0, -3.0]), np.zeros(3)
    x, top, bottom = with_crossings(x, top, bottom)
    np.testing.assert_allclose(x, [0, 5, 10, 12.5, 20])
    np.testing.assert_allclose(top, [-1, 0, 1, 0, -3], atol=1e-7)
