"""When two names of videos, or two labels, are the same, and when they only look so.

Texts are compared in Unicode's form NFC (macOS writes names in NFD), without blanks around them;
a line break in a label counts as a blank. Case and characters that nobody sees make texts differ,
but such pairs are told.

A video goes by its file's name, without the suffix or with it, alone or with folders before it:
`10`, `10.mp4`, `S1/ADL/10.mp4` and `D:\\set\\S1\\ADL\\10.mp4` all name the video
`/data/S1/ADL/10.mp4`. Features keep the name of their video: `10.npy` and `10.mp4.npy` are of
`10.mp4`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from lpat.errors import AnnotationError
from lpat.files.media_suffixes import FEATURE_SUFFIXES, VIDEO_SUFFIXES, suffix_of

Parts = tuple[str, ...]
"""A name's folders and its last part."""

_EXACT = 5  # more than any rank of `_rank`

Value = TypeVar("Value")

_LINE_BREAK = re.compile("\\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\\s*")
# Characters without a shape that aren't of the category Cf: joiners, fillers, variation selectors.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f]")


@lru_cache(4096)  # folders come again and again
def canonical(text: str) -> str:
    """The name as it is compared and kept: equal for names that are the same."""
    return unicodedata.normalize("NFC", text).strip()


def label_of(text: str) -> str:
    """The label as it is compared and kept: equal for labels that are the same."""
    return _LINE_BREAK.sub(" ", canonical(text))


def appearance(text: str) -> str:
    """What is left of a text without case, unseen characters and the kind of its blanks."""
    seen = "".join(c for c in _UNSEEN.sub("", text) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", " ".join(seen.split()).casefold())


def look_alike(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of distinct texts that differ by case, blanks or unseen characters alone."""
    first: dict[str, str] = {}
    return [
        (known, text)
        for text in dict.fromkeys(texts)
        if (known := first.setdefault(appearance(text), text)) != text
    ]


def spelled(text: str) -> str:
    """The text in quotes, with all that can't be told apart by the eye written as an escape."""
    return ascii(text) if not text.isprintable() or canonical(text) != text else repr(text)


def parts_of(name: str) -> Parts:
    """A name's folders and its last part, whichever slash parts them, without `.` and `..`."""
    parts: list[str] = []
    for part in map(canonical, name.replace("\\", "/").split("/")):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


@dataclass(frozen=True)
class Called:
    """What a video may be called: by the whole of `name`, or by an end of `path`."""

    name: str
    path: Parts
    is_file: bool = False  # whatever stands after the last dot of its path is a suffix

    @classmethod
    def by_name(cls, name: str) -> Called:
        """A video of which nothing but the name is known, which may be a path."""
        return cls(canonical(name), parts_of(name))

    @classmethod
    def by_file(cls, name: str, parts: Iterable[str]) -> Called:
        """A file with a name of its own, and its whole path."""
        return cls(canonical(name), parts_of("/".join(parts)), is_file=True)


@dataclass(frozen=True)
class Matches:
    """Which candidate each wanted name means, by the candidates' places.

    `several` holds the candidates that a name fits equally well. Those `by_ends` have folders that
    differ somewhere before the ends by which they were found.
    """

    found: dict[str, int] = field(default_factory=dict)
    several: dict[str, list[int]] = field(default_factory=dict)
    by_ends: list[str] = field(default_factory=list)


def match_names(
    wanted: Sequence[str], candidates: Sequence[Called], *, by_ends: bool = False
) -> Matches:
    """The candidate that each of the wanted names means, if any.

    A name means what is called exactly so, else what it is an end of the path of, or the other way
    round, rather with the suffix than without. With `by_ends`, where no name with folders is
    found, as of features that were stored without their folders, it is the candidate with the
    longest end in common, if there is one such and no other name has as long an end in common.
    """
    by_last: dict[str, list[int]] = defaultdict(list)
    for place, candidate in enumerate(candidates):
        for last in _spellings(candidate.path, is_file=candidate.is_file):
            by_last[last].append(place)
    exact = {candidate.name: place for place, candidate in enumerate(candidates)}
    matches = Matches()
    with_folders = False
    left: list[str] = []
    for name in wanted:
        parts = parts_of(name)
        ranked = defaultdict[int, list[int]](list)
        same = exact.get(canonical(name))
        if same is not None:
            # The name `clip.mp4` of a file `clip.mp4.mkv` may as well mean a file `clip.mp4`.
            ranked[2 if candidates[same].is_file else _EXACT].append(same)
        for place in _with_last(parts, by_last):
            if place != same and (rank := _rank(parts, candidates[place])):
                ranked[rank].append(place)
        best = sorted(ranked[max(ranked)]) if ranked else []
        if not best:
            left.append(name)
        elif len(best) > 1:
            matches.several[name] = best
        else:
            matches.found[name] = best[0]
            with_folders |= len(parts) > 1
    if by_ends and not with_folders:
        _match_ends(left, candidates, by_last, matches)
    return matches


def _match_ends(
    names: Iterable[str],
    candidates: Sequence[Called],
    by_last: Mapping[str, Sequence[int]],
    matches: Matches,
) -> None:
    """Add names that share the end of a candidate's path with it, and with no other."""
    taken = set(matches.found.values())
    claims: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        parts = parts_of(name)
        if len(parts) < 2:
            continue
        common: dict[int, list[int]] = defaultdict(list)
        for place in _with_last(parts, by_last):
            if place not in taken and (length := _common_end(parts, candidates[place])):
                common[length].append(place)
        if common and len(longest := common[max(common)]) == 1:
            claims[longest[0]].append((max(common), name))
    for place, claim in claims.items():
        longest = max(claim)[0]
        names_of_longest = [name for length, name in claim if length == longest]
        if len(names_of_longest) == 1:
            matches.found[names_of_longest[0]] = place
            matches.by_ends.append(names_of_longest[0])


def name_among(names: Iterable[str], called: Called) -> str | None:
    """The one of the names that means a video, rather the whole of its own; None without one.

    Of several that are ends of its path it is the longest.
    """
    best: list[str] = []
    best_fit = (0, 0)
    for name in names:
        parts = parts_of(name)
        fit = (_EXACT if canonical(name) == called.name else _rank(parts, called), len(parts))
        if fit[0] and fit >= best_fit:
            best = [*best, name] if fit == best_fit else [name]
            best_fit = fit
    return best[0] if len(best) == 1 else None


def _rank(parts: Parts, candidate: Called) -> int:
    """How well a name fits: 0 not at all, 1 without the suffix of one, 2 as it stands.

    Of a candidate that is no file 2 more where both have as many folders.
    """
    depth = min(len(parts), len(candidate.path))
    if not depth or _common_end(parts, candidate) < depth:
        return 0
    rank = 2 if parts[-1] == candidate.path[-1] else 1
    return rank + 2 * (not candidate.is_file and len(parts) == len(candidate.path))


def _common_end(parts: Parts, candidate: Called) -> int:
    """How many parts a name and a candidate's path have in common, from the last on."""
    if not parts or not candidate.path or not _same_last(parts[-1], candidate):
        return 0
    length = 1
    for mine, its in zip(parts[-2::-1], candidate.path[-2::-1], strict=False):
        if mine != its:
            break
        length += 1
    return length


def _same_last(last: str, candidate: Called) -> bool:
    its = candidate.path[-1]
    mine, its_video = _video_part(last), _video_part(its)
    if mine == its_video or _stem(mine) == its_video or mine == _stem(its_video):
        return True
    return candidate.is_file and last == its.rpartition(".")[0]


def _video_part(last: str) -> str:
    """The last part of a name without a suffix of features."""
    while suffix_of(last) in FEATURE_SUFFIXES:
        last = last.rpartition(".")[0]
    return last


def _stem(last: str) -> str:
    return last.rpartition(".")[0] if suffix_of(last) in VIDEO_SUFFIXES else last


def last_without_suffix(name: str) -> str:
    """How the last part of a name looks without its suffixes, for names that nearly agree."""
    parts = parts_of(name)
    return appearance(_stem(_video_part(parts[-1]))) if parts else ""


def _spellings(parts: Parts, *, is_file: bool = False) -> set[str]:
    """The last part with and without its suffixes; where `_same_last` holds, one is in common."""
    if not parts:
        return set()
    last = parts[-1]
    spellings = {last, _video_part(last), _stem(_video_part(last))}
    return spellings | {last.rpartition(".")[0] or last} if is_file else spellings


def _with_last(parts: Parts, by_last: Mapping[str, Sequence[int]]) -> list[int]:
    return sorted({place for last in _spellings(parts) for place in by_last.get(last, ())})


def renamed(
    values: Mapping[str, Value], names: Iterable[str], place: Callable[[str], str] = repr
) -> dict[str, Value]:
    """The values by those of `names` that theirs mean, or else by their own, in their order.

    Raises:
        AnnotationError: two of them mean one video, or one may be either of two; `place` says for
            the message where a name stands.
    """
    known = list(dict.fromkeys(names))
    matches = match_names(list(values), [Called.by_name(name) for name in known])
    exact = {known[its] for name, its in matches.found.items() if _is_exact(name, known[its])}
    result: dict[str, Value] = {}
    meant: dict[str, str] = {}
    for name, value in values.items():
        if name in matches.several:
            a, b = (known[its] for its in matches.several[name][:2])
            raise AnnotationError(
                f"{place(name)}: expected the name of one video, but it may be {a!r} or {b!r}"
            )
        its = known[matches.found[name]] if name in matches.found else name
        if its in exact and not _is_exact(name, its):  # another one is called exactly so
            its = name
        if its in result:
            raise AnnotationError(f"{place(name)}: is the same video as {spelled(meant[its])}")
        result[its], meant[its] = value, name
    return result


def _is_exact(name: str, other: str) -> bool:
    return canonical(name) == canonical(other)


def unique_names(names: Iterable[str], place: str) -> dict[str, str]:
    """Names as they are compared, by how they are spelled.

    Raises:
        AnnotationError: two are the same.
    """
    result: dict[str, str] = {}
    spelling: dict[str, str] = {}
    for name in names:
        same = canonical(name)
        if (other := spelling.setdefault(same, name)) != name:
            raise AnnotationError(
                f"{place}: {same!r} appears twice, as {spelled(other)} and {spelled(name)}"
            )
        result[name] = same
    return result
