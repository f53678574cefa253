"""What is known while videos are tagged, and how that changes. No Qt, and no file.

A video's tags are labels in order; an empty tuple says that nothing happens in it, and an untagged
video has none. Its moments lie inside instances of its labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from lpat.annotations.identity import appearance, canonical, match_names
from lpat.annotations.reading import Moment
from lpat.annotations.tags import Change, Labels, Moments, clean_label
from lpat.inputs import Input
from lpat_viewer.models.uncertainty import uncertainty

KEYS = 9
"""Labels that have a key: the first of the list."""

NEAR = 0.5
"""Seconds from the playhead to a moment within which it is the one that is meant."""


@dataclass(frozen=True)
class Tagging:
    """Videos by name, in the order of their files; their tags; the labels to choose from.

    `fixed` are videos whose tags come with times, which aren't changed here. `suggestions` are the
    probabilities that a model gives the labels of a video. `latest` is the label that was ticked
    or marked last.
    """

    videos: tuple[str, ...]
    tags: Mapping[str, Labels] = field(default_factory=dict)
    labels: Labels = ()
    moments: Mapping[str, Moments] = field(default_factory=dict)
    latest: str | None = None
    fixed: frozenset[str] = frozenset()
    current: str | None = None
    untagged_only: bool = False
    uncertain_first: bool = False
    suggestions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @cached_property
    def tagged(self) -> int:
        """How many videos are tagged."""
        return sum(name in self.tags for name in self.videos)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many videos show each label."""
        return Counter(label for labels in self.tags.values() for label in labels)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The videos that are listed, in order; the current one is among them."""
        names: Sequence[str] = self.videos
        if self.untagged_only:
            names = [n for n in names if n not in self.tags or n == self.current]
        if self.uncertain_first:
            names = sorted(names, key=lambda name: uncertainty(self.suggestions.get(name, {})))
        return tuple(names)

    @property
    def can_change(self) -> bool:
        """Whether there is a current video whose tags may be changed."""
        return self.current is not None and self.current not in self.fixed

    def tags_of(self, name: str | None) -> Change:
        """The tags of a video; None of one that is untagged."""
        return None if name is None else self.tags.get(name)

    def moments_of(self, name: str | None) -> Moments:
        """The moments of a video, in order of time."""
        return () if name is None else self.moments.get(name, ())

    def moment_near(self, time: float) -> Moment | None:
        """The moment of the current video that lies nearest to a time, if one is near enough."""
        moments = self.moments_of(self.current)
        nearest = min(moments, key=lambda its: abs(its.time - time), default=None)
        return nearest if nearest is not None and abs(nearest.time - time) <= NEAR else None

    # Where to go

    def at(self, name: str | None) -> Tagging:
        """With another current video."""
        return replace(self, current=name)

    def step(self, places: int) -> Tagging:
        """At the video so many places on in the list, or at its end."""
        listed = self.listed
        if not listed:
            return self
        place = listed.index(self.current) + places if self.current in listed else 0
        return self.at(listed[min(max(place, 0), len(listed) - 1)])

    def next_untagged(self) -> Tagging:
        """At the next video of the list that isn't tagged, from its start again after its end."""
        listed = self.listed
        place = listed.index(self.current) + 1 if self.current in listed else 0
        following = (*listed[place:], *listed[:place])
        return self.at(next((n for n in following if n not in self.tags), self.current))

    # What the current video shows

    def toggled(self, label: str) -> Tagging:
        """With a label of the current video ticked, or no longer.

        Without its last label it is untagged again, not one in which nothing happens.
        """
        before = self.tags_of(self.current) or ()
        if label in before:
            return self._tagged(tuple(other for other in before if other != label) or None)
        return replace(self._tagged((*before, label)), latest=label)

    def marked(self, label: str, time: float) -> Tagging:
        """With a moment of the current video inside an instance of a label, which is ticked."""
        if self.current is None or not self.can_change:
            return self
        moment = Moment(label, round(time, 3))
        moments = {*self.moments_of(self.current), moment}
        before = self.tags_of(self.current) or ()
        labels = before if label in before else (*before, label)
        after = self.with_tags({self.current: labels}, {self.current: tuple(moments)})
        return replace(after, latest=label)

    def unmarked(self, moment: Moment) -> Tagging:
        """Without a moment of the current video; its label stays."""
        if self.current is None or not self.can_change:
            return self
        left = tuple(its for its in self.moments_of(self.current) if its != moment)
        tags = {self.current: self.tags_of(self.current)}
        return self.with_tags(tags, {self.current: left})

    def toggled_nothing(self) -> Tagging:
        """With nothing happening in the current video, or untagged if that was said."""
        return self._tagged(None if self.tags_of(self.current) == () else ())

    def untagged(self) -> Tagging:
        """With nothing said of the current video."""
        return self._tagged(None)

    def typed(self, text: str) -> Tagging:
        """With a label that was typed listed, and ticked for the current video.

        Raises:
            UsageError: it can't be a label.
        """
        label = same_label(clean_label(text), self.labels)
        listed = self.with_labels([label])
        return listed if label in (self.tags_of(self.current) or ()) else listed.toggled(label)

    def _tagged(self, labels: Change) -> Tagging:
        return self.with_tags({self.current: labels}) if self.current and self.can_change else self

    # What comes from elsewhere

    def with_labels(self, labels: Iterable[str]) -> Tagging:
        """With more labels to choose from, after those that are there."""
        return replace(self, labels=tuple(dict.fromkeys([*self.labels, *labels])))

    def with_tags(
        self, changes: Mapping[str, Change], moments: Mapping[str, Moments] | None = None
    ) -> Tagging:
        """With other tags of some videos, and their labels to choose from.

        With all of the `moments` of some of these; others keep theirs. Those of labels that these
        videos don't have any more are gone.
        """
        tags = {**self.tags, **changes}
        marked = {**self.moments, **(moments or {})}
        for name in [*changes]:
            kept = (its for its in marked.pop(name, ()) if its.label in (changes[name] or ()))
            if found := sorted(kept, key=lambda its: (its.time, its.label)):
                marked[name] = tuple(found)
        known = {name: labels for name, labels in tags.items() if labels is not None}
        new = [label for labels in changes.values() for label in labels or ()]
        return replace(self, tags=known, moments=marked).with_labels(new)

    def with_suggestions(self, suggestions: Mapping[str, Mapping[str, float]]) -> Tagging:
        """With what a model says of some videos: the probabilities of labels."""
        return replace(self, suggestions={**self.suggestions, **suggestions})

    def without_suggestions(self) -> Tagging:
        """With no word of a model."""
        return replace(self, suggestions={})


def same_label(label: str, labels: Iterable[str]) -> str:
    """The one of the labels that looks like this one but for upper and lower case, or itself."""
    known = {appearance(other): other for other in labels}
    return label if label in known.values() else known.get(appearance(label), label)


def changes_between(before: Tagging, after: Tagging) -> dict[str, Change]:
    """The videos whose tags or moments differ, and their tags afterwards."""
    if before.tags is after.tags and before.moments is after.moments:
        return {}
    names = dict.fromkeys([*before.tags, *after.tags])
    return {
        n: after.tags.get(n)
        for n in names
        if before.tags.get(n) != after.tags.get(n) or before.moments_of(n) != after.moments_of(n)
    }


def names_in_file(
    inputs: Sequence[Input], known: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """The name by which a tags file knows each input, and what is unclear of its names, in words.

    `lpat.annotations.identity` says what a name means, as for lpat-train. What the file doesn't
    know goes by its own name.
    """
    names = list(dict.fromkeys(known))
    matches = match_names(names, [source.called for source in inputs], by_ends=True)
    unclear = [
        f"several videos may be its {n!r}; that entry stays as it is" for n in matches.several
    ]
    found: dict[str, str] = {}
    for name, place in matches.found.items():
        if (first := found.setdefault(inputs[place].name, name)) != name:
            unclear.append(
                f"its {first!r} and {name!r} are one video; the first is shown, and lpat-train "
                "refuses them: remove one"
            )
    own = {source.name: found.get(source.name, canonical(source.name)) for source in inputs}
    return own, unclear
