"""Which segment of a review is the copy of which detection or truth."""

from __future__ import annotations

from collections.abc import Iterable

from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen, Kind

_Origin = tuple[str, str, float, float, str]  # kind, layer, start, end, label


class Copies:
    """What a review began from, and identities that were never used in it."""

    def __init__(
        self, kind: Kind = "detection", layer: str = "", segments: Iterable[ReviewedSegment] = ()
    ) -> None:
        self._identities: dict[_Origin, int] = {
            (kind, layer, segment.start, segment.end, segment.label): segment.identity
            for segment in segments
        }
        self._next = max(self._identities.values(), default=-1) + 1

    def identity_of(self, chosen: Chosen) -> int | None:
        """The identity of the copy, which may be gone from the review."""
        return chosen.number if chosen.kind == "review" else self._identities.get(_origin(chosen))

    def copy(self, chosen: Chosen, score: float | None) -> ReviewedSegment:
        """A new copy, proposed, in place of one that is gone."""
        identity = self.new_identity()
        self._identities[_origin(chosen)] = identity
        return ReviewedSegment(identity, chosen.start, chosen.end, chosen.label, score)

    def new_identity(self) -> int:
        """One that no segment has or had."""
        self._next += 1
        return self._next - 1


def _origin(chosen: Chosen) -> _Origin:
    return chosen.kind, chosen.layer, chosen.start, chosen.end, chosen.label
