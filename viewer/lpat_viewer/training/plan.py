"""What would be trained on, what is missing for it, and how long it will take. No Qt."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from lpat.annotations.reviewed import read_reviewed, reviewed_in
from lpat.annotations.tags import Labels
from lpat.backbones.appearance import WEIGHTS, appearance_file
from lpat.backbones.search import Backbones
from lpat.errors import LpatError
from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec, spec_of
from lpat.types import FeatureSpec
from lpat.video.reader import Video
from lpat_viewer.tagging.opening import TaggedFolder
from lpat_viewer.tagging.state import names_in_file

NEEDED = ("torch", "onnx", "onnxscript", "tensorboard")
FEWEST = 3
"""Videos of a label below which little can be learned of it."""

START = 15.0
"""Seconds of starting, setting the level and exporting."""
STEP, SNIPPET = 0.01, 1.5e-5
"""Seconds of a network's step: however small, and for each snippet of its batch."""
BATCH, WINDOW = 10, 320
"""Videos of a batch, and snippets of one at most, as lpat-train has them."""


@dataclass(frozen=True)
class Preset:
    """A preset of lpat-train, as far as it matters for how long it takes."""

    name: str
    title: str
    networks: int
    steps: int


PRESETS = (
    Preset("lpat", "lpat: two networks, the default", 2, 300),
    Preset("lpat-x", "lpat-x: four networks, better, twice as long", 4, 300),
    Preset("paper", "paper: the paper's own values", 1, 450),
)


@dataclass(frozen=True)
class FeatureKind:
    """What lpat-train's --features may be, and how many times faster than it plays a video's are
    extracted."""

    name: str
    title: str
    speed: float

    def spec(self) -> FeatureSpec | None:
        """Their spec; None where the backbone that they need has yet to be made.

        Raises:
            BackboneError: it is there and can't be read.
        """
        if self.name == MOTION.name:
            return default_spec()
        if not appearance_file().is_file():
            return None
        backbones = Backbones((appearance_file(),))
        both = self.name != "appearance"
        return spec_of(backbones, default_spec().stride, beside_motion=both)

    def needed(self) -> tuple[str, ...]:
        """Modules without which they can't be trained on."""
        made = self.name == MOTION.name or appearance_file().is_file()
        return NEEDED if made else (*NEEDED, WEIGHTS)


MOTION = FeatureKind("motion", "motion: how things move, the default", 25.0)
FEATURES = (
    MOTION,
    FeatureKind("appearance", "appearance: what is in the picture", 25.0),
    FeatureKind("motion+appearance", "motion+appearance: both", 15.0),
)


@dataclass(frozen=True)
class TrainingPlan:
    """The tagged videos of a folder: how many show each label, and what they cost.

    `reviewed` is a file of reviewed videos, of so many with so many instances, and `objection` why
    lpat-train would refuse it; without any it is None. `seconds` are how long their videos last in
    all, `seconds_to_extract` of those without features.
    """

    folder: Path
    tags: Path
    videos: int  # tagged or not
    labels: Mapping[str, int]  # videos of each label
    tagged: int
    nothing: int  # of these, in which nothing happens
    seconds: float = 0.0
    seconds_to_extract: float = 0.0
    reviewed: Path | None = None
    reviewed_videos: int = 0
    instances: int = 0
    objection: str = ""

    @property
    def hindrance(self) -> str:
        """Why nothing can be trained; empty where something can."""
        if not self.tagged:
            return f"none of {self.videos} videos is tagged in {self.tags.name}"
        if not self.labels:
            return f"none of {self.tagged} tagged videos has a label: there is nothing to learn"
        return self.objection

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is missing, in lines."""
        lines = []
        if untagged := self.videos - self.tagged:
            lines.append(f"{_videos(untagged)} without tags: left out")
        if few := [label for label, count in self.labels.items() if count < FEWEST]:
            named = ", ".join(f"{label} ({self.labels[label]})" for label in few[:5])
            more = f" and {len(few) - 5} more" if len(few) > 5 else ""
            lines.append(f"labels with fewer than {FEWEST} videos: {named}{more}")
        if everywhere := [label for label, count in self.labels.items() if count == self.tagged]:
            lines.append(f"every tagged video shows {everywhere[0]}: nothing tells when it doesn't")
        if self.labels and not self.nothing:
            lines.append("no video in which nothing happens (key 0): a few make the level surer")
        return tuple(lines)

    def estimate(
        self, preset: Preset, snippet_seconds: float, features: FeatureKind = MOTION
    ) -> float:
        """Seconds that training will take on two cores, roughly.

        `START`, then each step of each network, then extraction at the features' speed.
        """
        batch = min(BATCH, self.tagged)
        length = self.seconds / max(self.tagged, 1) / snippet_seconds
        step = STEP + SNIPPET * batch * min(length, WINDOW)
        trained = preset.networks * preset.steps * step
        return START + trained + self.seconds_to_extract / features.speed


def plan_of(
    opened: TaggedFolder,
    cache: FeatureCache | None,
    features: FeatureKind = MOTION,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    reviewed: Path | None = None,
) -> TrainingPlan:
    """The plan of a folder: of each tagged video the header is read for how long it lasts.

    A file of `reviewed` videos is held against the tags, as lpat-train does it.
    """
    spec = features.spec()
    names, _ = names_in_file(opened.videos, opened.file.labels)
    shows: dict[str, Labels] = {}
    seconds = to_extract = 0.0
    for source in opened.videos:
        labels = opened.file.says(names[source.name])
        if labels is None or cancelled():
            continue
        shows[source.name] = labels
        duration = _duration(source.file)
        seconds += duration
        if cache is None or spec is None or not cache.path_of(source.file, spec).exists():
            to_extract += duration
    counts = Counter(label for labels in shows.values() for label in labels)
    plan = TrainingPlan(
        opened.folder, opened.file.path, len(opened.videos), dict(sorted(counts.items())),
        len(shows), sum(not labels for labels in shows.values()), seconds, to_extract,
    )  # fmt: skip
    return plan if reviewed is None else _with_reviewed(plan, reviewed, opened.file.labels)


def _with_reviewed(plan: TrainingPlan, path: Path, labels: Mapping[str, Labels]) -> TrainingPlan:
    if not path.exists():
        return replace(plan, reviewed=path, objection=f"{path}: no such file of reviewed videos")
    try:
        if not reviewed_in(path):
            return plan
        videos = read_reviewed(path, labels).values()
    except LpatError as error:
        return replace(plan, reviewed=path, objection=str(error))
    instances = sum(len(video.segments) for video in videos)
    return replace(plan, reviewed=path, reviewed_videos=len(videos), instances=instances)


def _duration(path: Path) -> float:
    with suppress(LpatError), Video.open(path, threads=1) as video:
        return video.expected_duration or 0.0
    return 0.0  # training will name it


def missing_packages(needed: Collection[str] = NEEDED) -> str:
    """A line on how to install what training needs and isn't there; empty where all is."""
    missing = [name for name in needed if find_spec(name) is None]
    if not missing:
        return ""
    wanted = " ".join(f'"{_requirement(name)}"' for name in needed)
    return f"training needs {', '.join(missing)}: {sys.executable} -m pip install {wanted}"


def _requirement(module: str) -> str:
    """A module's package with the versions that lpat takes of it."""
    name = module.replace("_", "-")
    with suppress(PackageNotFoundError):
        for line in requires("lpat") or ():
            text = line.partition(";")[0].strip()
            if re.match(rf"{re.escape(name)}\b(?!-)", text):
                return text.replace(" ", "")
    return name


def duration_text(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def _videos(count: int) -> str:
    return f"{count} video{'' if count == 1 else 's'}"
