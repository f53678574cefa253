"""Which stretches of time the members of a network see, as the option `context` says."""

from __future__ import annotations

from lpat.errors import UsageError

WIDEST = 63
"""Snippets of a mean: what a window of a long video sees beyond its own, on each side, at least."""

Windows = tuple[int, ...]
"""Snippets that means run over, each odd and around its snippet; ascending."""


def windows_of(text: str, members: int) -> tuple[Windows, ...]:
    """The windows that each member of a network sees: of "3", or of "1,3,3+7" in turn.

    1, the snippet alone, is always there and may be left out.

    Raises:
        UsageError: not such a text, a window that is even or too wide, or more parts than members.
    """
    parts = text.split(",")
    try:
        each = tuple(tuple(sorted({int(width) for width in part.split("+")})) for part in parts)
    except ValueError:
        each = ((0,),)
    if not all(0 < width <= WIDEST and width % 2 for windows in each for width in windows):
        raise UsageError(
            f"context: expected odd numbers of snippets up to {WIDEST} like 3, 3+7 or, of members "
            f"that differ, 1,3,3+7; not {text!r}"
        )
    if len(each) > members:
        raise UsageError(
            f"context: expected at most as many parts as members, {members}, "
            f"not {len(each)}: {text!r}"
        )
    each = tuple(tuple(width for width in windows if width > 1) for windows in each)
    return tuple(each[member % len(each)] for member in range(members))
