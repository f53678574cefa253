import numpy as np
import pytest

from lpat.errors import UsageError
from lpat.lengths import LengthBins, fifths, length_bins


def test_a_bin_holds_its_upper_bound() -> None:
    bins = LengthBins(np.array([3.0, 6, 12, 18]))
    assert bins.of(np.array([0, 3, 3.1, 6, 12, 18, 18.1, 100])).tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
    assert bins.intervals == ("up to 3 s", "3–6 s", "6–12 s", "12–18 s", "over 18 s")  # noqa: RUF001


def test_fifths_hold_as_many_each() -> None:
    lengths = np.random.default_rng(0).permutation(np.arange(1.0, 101))
    assert np.bincount(fifths(lengths).of(lengths)).tolist() == [20] * 5


def test_equal_lengths_share_a_bin() -> None:
    assert fifths(np.array([2.0])).of(np.array([1, 2, 3.0])).tolist() == [0, 0, 4]
    lengths = np.array([1.0] * 9 + [5])
    assert np.bincount(fifths(lengths).of(lengths), minlength=5).tolist() == [9, 0, 0, 0, 1]


def test_bounds_given_replace_the_fifths() -> None:
    assert length_bins([1, 2, 3, 4], np.ones(3)).bounds.tolist() == [1, 2, 3, 4]
    assert length_bins(None, np.ones(3)).bounds.tolist() == [1] * 4


@pytest.mark.parametrize("bounds", [[1, 2, 3], [1, 2, 4, 3], [-1, 2, 3, 4], [1, 2, 3, np.inf]])
def test_other_bounds_are_refused(bounds: list[float]) -> None:
    with pytest.raises(UsageError, match="four ascending lengths in seconds, not"):
        LengthBins(np.array(bounds))
