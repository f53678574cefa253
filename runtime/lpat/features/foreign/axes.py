"""Which axis of the arrays of others is time: found by evidence, or asked for, never assumed.

The field stores (T, D), (D, T), and with crops of the pictures (T, crops, D) or (crops, T, D); axes
of length 1 stand anywhere. What tells them apart, strongest first: what the user says; over many
files, the axis whose length differs is time; a video's duration, at the rate that was said; and
widths and numbers of crops that extractors in use have, which suffice for the usual orders only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from lpat.errors import FeatureError, UsageError

WORDS = ("snippet", "crop", "feature")
ORDERS = tuple(
    ",".join(order) for words in (("snippet", "feature"), WORDS) for order in permutations(words)
)
"""What `--axes` may say: T is "snippet", D "feature"."""

WIDTHS = frozenset({
    128, 200, 256, 384, 400, 500, 512, 640, 768, 1024, 1152, 1280, 1408, 1536, 2048, 2304, 2560,
    3072, 3200, 4096, 8192,
})  # fmt: skip
"""Dimensions that extractors in use give."""

CROPS = frozenset({3, 5, 10})
_MOST_CROPS = 30


@dataclass(frozen=True)
class Axes:
    """What each axis of an array is: a word of `WORDS`, or "one" for an axis of length 1."""

    words: tuple[str, ...]
    width: int | None = None  # features, where many files agree on it
    evidence: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether the array is (T, D) as it is."""
        return self.words == ("snippet", "feature")

    def __str__(self) -> str:
        return ",".join(word for word in self.words if word != "one")

    def shape(self, shape: Sequence[int]) -> tuple[int, int]:
        """The (T, D) that an array of a shape gives."""
        return shape[self.words.index("snippet")], shape[self.words.index("feature")]

    def rows(self, values: np.ndarray) -> np.ndarray:
        """An array's features (T, D), the mean of its crops; mapped where nothing is computed.

        Raises:
            FeatureError: other axes, or another width than that of the other files.
        """
        ones = [index for index, word in enumerate(self.words) if word == "one"]
        if values.ndim != len(self.words) or any(values.shape[index] != 1 for index in ones):
            raise FeatureError(f"expected an array ({self}), not one of shape {values.shape}")
        snippets, width = self.shape(values.shape)
        if self.width is not None and width != self.width:
            raise FeatureError(
                f"expected {self.width} features as in the other files, not {width}, in the axes "
                f"({self}) of shape {values.shape}"
            )
        order = [self.words.index(word) for word in WORDS if word in self.words]
        moved = np.transpose(values, [*ones, *order]).reshape(
            [values.shape[index] for index in order]
        )
        if "crop" in self.words and values.dtype.kind in "fiu":
            moved = moved.mean(axis=1, dtype=np.float64)
        return moved.reshape(snippets, width)


def said_axes(said: str, shapes: Collection[tuple[int, ...]]) -> Axes:
    """The axes of arrays of these shapes, of one number of axes, as the user says them.

    Raises:
        UsageError: they have another number of axes, without those of length 1.
    """
    words = tuple(said.split(","))
    count = len(next(iter(shapes)))
    if count == len(words):
        return Axes(words)
    ones = _ones(shapes)
    if count - len(ones) != len(words):
        raise UsageError(
            f"--axes {said}: expected arrays of {len(words)} axes, not of shape "
            f"{next(iter(shapes))}"
        )
    return Axes(_with_ones(words, ones, count))


def found_axes(
    shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, float], slack: float
) -> Axes | None:
    """The axes of arrays of one number of axes by what is known of them; None if nothing tells.

    `shapes` and the numbers of snippets `expected` are by video; those may be off by a hundredth
    and `slack`.
    """
    count = len(next(iter(shapes.values())))
    ones = _ones(shapes.values())
    kept = [index for index in range(count) if index not in ones]
    short = {video: tuple(shape[index] for index in kept) for video, shape in shapes.items()}
    if len(kept) not in (2, 3):
        return None
    for time, evidence in (
        (_varying(list(short.values())), "the axis whose length differs is time"),
        (_expected(short, expected, slack), "the videos' durations"),
    ):
        if time is None:
            continue
        others = [index for index in range(len(kept)) if index != time]
        lengths = {
            index: Counter(shape[index] for shape in short.values()).most_common(1)[0][0]
            for index in others
        }
        width = max(others, key=lambda index: lengths[index])
        crop = min(others, key=lambda index: lengths[index])
        if crop != width and not (lengths[crop] <= _MOST_CROPS and lengths[crop] < lengths[width]):
            continue
        words = {time: "snippet", crop: "crop", width: "feature"}
        agreed = lengths[width] if len(shapes) > 1 else None
        return Axes(_with_ones([words[i] for i in range(len(kept))], ones, count), agreed, evidence)
    words = _known(list(short.values()))
    return None if words is None else Axes(_with_ones(words, ones, count), None, "a width in use")


def _ones(shapes: Collection[tuple[int, ...]]) -> list[int]:
    """Axes of length 1 in all the shapes, of more than two axes; two always stay."""
    count = len(next(iter(shapes)))
    ones = [index for index in range(count) if all(shape[index] == 1 for shape in shapes)]
    return ones[: max(count - 2, 0)]


def _with_ones(words: Sequence[str], ones: Collection[int], count: int) -> tuple[str, ...]:
    rest = iter(words)
    return tuple("one" if index in ones else next(rest) for index in range(count))


def _varying(shapes: Sequence[tuple[int, ...]]) -> int | None:
    """The one axis whose length differs among the many files that agree on all others.

    None where it is the last and all its lengths are widths in use: videos of two networks.
    """
    found = []
    for index in range(len(shapes[0])):
        others = Counter(shape[:index] + shape[index + 1 :] for shape in shapes)
        agreed, count = others.most_common(1)[0]
        lengths = {shape[index] for shape in shapes if shape[:index] + shape[index + 1 :] == agreed}
        last = index == len(shapes[0]) - 1
        if 2 * count > len(shapes) and len(lengths) > 1 and not (last and lengths <= WIDTHS):
            found.append(index)
    return found[0] if len(found) == 1 else None


def _expected(
    shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, float], slack: float
) -> int | None:
    """The one axis whose length is the number of snippets that is expected of most videos."""
    known = [(shapes[video], count) for video, count in expected.items() if video in shapes]
    if not known:
        return None
    fitting = [
        index
        for index in range(len(known[0][0]))
        if 2 * sum(abs(shape[index] - count) <= slack + 0.01 * count for shape, count in known)
        > len(known)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _known(shapes: Sequence[tuple[int, ...]]) -> tuple[str, ...] | None:
    """The usual orders alone: a width in use is last, and nowhere else; crops are before it."""
    lengths = [{shape[index] for shape in shapes} for index in range(len(shapes[0]))]
    wide = [index for index, its in enumerate(lengths) if its <= WIDTHS]
    if wide != [len(lengths) - 1]:
        return None
    if len(lengths) == 2:
        return ("snippet", "feature")
    crops = [index for index, its in enumerate(lengths) if its <= CROPS]
    if len(crops) != 1:
        return None
    return ("crop", "snippet", "feature") if crops == [0] else ("snippet", "crop", "feature")
