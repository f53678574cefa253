"""Numbers of snippets against durations: what fits, what doesn't, and which rate would."""

import math
from itertools import pairwise

import pytest

from lpat.features.timing import KNOWN, Rate, timing_of

USUAL = Rate(25, 16)
DURATIONS = {f"v{index}": 20.0 + 37.3 * index for index in range(30)}


def counts(rate: Rate, rounding=math.floor, window: int = 0) -> dict[str, int]:
    return {
        name: max(1, rounding((seconds * rate.fps - window) / rate.stride))
        for name, seconds in DURATIONS.items()
    }


@pytest.mark.parametrize("rounding", [math.floor, math.ceil, round])
@pytest.mark.parametrize("rate", KNOWN)
def test_a_rates_own_numbers_fit_however_the_end_is_rounded(rate: Rate, rounding) -> None:
    for window in (0, 16):
        snippets = counts(rate, rounding, window)
        timing = timing_of(snippets, DURATIONS, rate, max(16, rate.stride))
        assert timing is not None
        assert not timing.misfits
        assert timing.describe() == f"30 videos agree with {rate}"


@pytest.mark.parametrize("rate", [rate for rate in KNOWN if rate != USUAL])
def test_another_rate_is_named(rate: Rate) -> None:
    timing = timing_of(counts(rate), DURATIONS, USUAL, 16)
    assert timing is not None
    assert timing.is_wrong
    assert timing.better == rate
    assert f"{rate} fits 30 of 30" in timing.describe()


def test_the_line_names_a_video_and_what_it_has() -> None:
    timing = timing_of({"v": 1203, "w": 7}, {"v": 641.6, "w": None}, USUAL, 16)
    assert timing is not None
    assert timing.describe() == (
        "1 of 1 videos have another number of snippets than 25 fps with stride 16 gives in their "
        "time (median ratio of all 1.200); the first: 'v' of 641.6 s: T=1203 fits 30 fps with "
        "stride 16, not 25 fps with stride 16 (about 1002); 30 fps with stride 16 fits 1 of 1"
    )


def test_numbers_that_no_rate_gives_are_told_as_such() -> None:
    timing = timing_of({"v": 9000}, {"v": 100.0}, USUAL, 16)
    assert timing is not None
    assert timing.better is None
    assert "T=9000 where about 156 are expected, and no rate in use fits" in timing.describe()


def test_a_few_wrong_durations_dont_make_the_rate_wrong() -> None:
    durations = {**DURATIONS, "v3": 5.0, "v4": 5000.0}
    timing = timing_of(counts(USUAL), durations, USUAL, 16)
    assert timing is not None
    assert [video.name for video in timing.misfits] == ["v3", "v4"]
    assert not timing.is_wrong
    assert timing.median_ratio == pytest.approx(1, abs=0.01)


def test_without_durations_nothing_is_said() -> None:
    assert timing_of({"v": 10}, {"v": None}, USUAL, 16) is None
    assert timing_of({"v": 10}, {}, USUAL, 16) is None


def test_no_two_known_rates_are_alike() -> None:
    rates = sorted(rate.per_second for rate in KNOWN)
    assert all(low * 1.03 < high for low, high in pairwise(rates))
