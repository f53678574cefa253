"""The work of lpat-train: features are opened, a network is trained, shown and, last, judged."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import torch

from lpat.annotations.reading import Annotations, Moment, VideoAnnotation
from lpat.backbones.search import Backbones
from lpat.cli.progress import Kind
from lpat.errors import UsageError
from lpat.features.cache import FeatureCache
from lpat.files.locks import locked_folder
from lpat.inputs import Input
from lpat.segments.post_processing import PostProcessing
from lpat.types import FeatureSpec
from lpat_train.config import TrainingConfig, methods_with
from lpat_train.data.dataset import FeatureSource, TrainingSet, labelled, make_training_set
from lpat_train.data.hold_out import Split, names_of, split
from lpat_train.data.loading import LoadedFeatures, OnLoaded, contradiction, open_labelled
from lpat_train.data.marks import past_end
from lpat_train.distributed.processes import Processes
from lpat_train.methods import METHODS
from lpat_train.network.base import Network
from lpat_train.report.pages import report_lines
from lpat_train.report.reporting import make_report, write_report
from lpat_train.training.checkpoint import (
    Run,
    claim_run_folder,
    made_folder,
    new_run_folder,
    reviewed_in,
    write_run,
)
from lpat_train.training.early_stopping import LabelJudgement
from lpat_train.training.heeding import can_choose, choose_heeded
from lpat_train.training.loop import train
from lpat_train.training.step_bar import step_bar
from lpat_train.training.threads import training_threads
from lpat_train.training.validation import Validation, format_thresholds, score, validate

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


@dataclass(frozen=True)
class Inputs:
    """Files of videos or features, and how they are read."""

    files: tuple[Input, ...]
    spec: FeatureSpec  # of what videos give
    backbones: Backbones
    cache: FeatureCache | None
    jobs: int
    skip_missing: bool
    progress: Kind = "auto"

    def open(self, labels: Mapping[str, tuple[str, ...]], processes: Processes) -> LoadedFeatures:
        """Features of the labelled videos."""
        return open_labelled(
            self.files,
            labels,
            spec=self.spec,
            cache=self.cache,
            jobs=self.jobs,
            backbones=self.backbones,
            skip_missing=self.skip_missing,
            processes=processes,
            on_loaded=_ON_LOADED[self.progress],
        )


@dataclass(frozen=True, eq=False)
class Examples:
    """Annotated videos: those of a subset, or all, to train on; `truth` to judge on at the end.

    Of `reviewed` videos, by name, every instance is known.
    """

    annotations: Annotations
    subset: str | None
    truth: tuple[VideoAnnotation, ...]
    reviewed: Mapping[str, VideoAnnotation] = field(default_factory=dict)


@dataclass(frozen=True)
class RunPlace:
    """Where a run is written: one that goes on, a folder that was named, or a new one."""

    resumed: Run | None
    output: Path | None
    overwrite: bool

    @contextmanager
    def claimed(self) -> Iterator[Path]:
        """A block in which the folder, made where there was none, is this process's alone.

        Raises:
            UsageError: it holds another run.
            OutputError: another process writes into it, or it can't be written.
        """
        named = self.resumed.folder if self.resumed else self.output
        folder = made_folder(named) if named else new_run_folder(Path("runs"))
        with locked_folder(folder):
            if self.resumed is None and self.output is not None:
                claim_run_folder(folder, overwrite=self.overwrite)
            yield folder


def run_training(
    inputs: Inputs,
    examples: Examples,
    config: TrainingConfig,
    place: RunPlace,
    device: torch.device,
    processes: Processes,
    *,
    threads: int = 0,
    folds: int | None = None,
) -> bool:
    """Train on the examples and judge on their truth; whether all videos could be read.

    With `folds` a report ends it, for which as many more networks are trained. Only the first
    process writes and prints; the others train with it.
    """
    read, truth = examples.annotations, examples.truth
    labels = read.labels_by_video(examples.subset)
    with_label = labelled(labels)
    if processes.first and (without := [name for name in labels if name not in with_label]):
        print(f"{read.path}: {_what_becomes_of(without, config)}", file=sys.stderr)
    if not METHODS[config.method].learns_absence:
        labels = with_label
    loaded = inputs.open(labels, processes)
    if processes.first and (line := contradiction(loaded.features, read.videos)):
        print(f"{read.path}: {line}", file=sys.stderr)
    learns_marks = config.method in methods_with("marks")
    moments = read.moments_by_video(examples.subset) if learns_marks else {}
    if processes.first:
        for line in _what_marks_are_left_out(loaded.features, examples, config, moments):
            print(line, file=sys.stderr)
    training_set = make_training_set(
        loaded.features,
        labels,
        read.counts_by_video(examples.subset),
        examples.reviewed,
        moments,
    )
    parts = split(training_set, config.hold_out, config.seed)
    _check_resumed(place.resumed, parts)
    failures = dict(loaded.failures)
    judge = None
    if truth:
        judged = inputs.open({video.name: video.labels for video in truth}, processes)
        failures |= judged.failures
        judge = SegmentJudge(training_set.classes, config.post_processing(), judged.features, truth)
    if not processes.first:
        train(
            training_set, config, device=device, resume=bool(place.resumed),
            folder=place.resumed.folder if place.resumed else None,
            processes=processes, threads=threads,
        )  # fmt: skip
        return not failures
    config = _heeding(training_set, config, device)
    with place.claimed() as folder:
        write_run(folder, config, parts.training, names_of(parts.held_out))
        print(_what_is_trained(parts, device, processes, folder))
        print(_classes_with_counts(training_set), flush=True)
        if line := _what_is_marked(parts.training):
            print(line, flush=True)
        with display(config.steps, folder, judge, inputs.progress) as shown:
            network = train(
                training_set,
                config,
                device=device,
                folder=folder,
                resume=bool(place.resumed),
                on_step=shown.step,
                # It takes all training videos to calibrate the level for it; else it shows nothing.
                on_validation=shown.validation if judge or parts.held_out else None,
                on_ends=shown.ends,
                processes=processes,
                threads=threads,
            )
        for line in _what_the_level_means(network, training_set.classes):
            print(line)
        if config.end_steps:
            learned = "learned from" if network.ends else "not learned, without"
            print(f"ends: {learned} good detections")
        if judge is not None:
            with training_threads(network, config, device, threads):
                _print_validation(network, judge)
        if folds is not None:
            unreadable = {name: str(error) for name, error in loaded.failures.items()}
            with training_threads(network, config, device, threads):
                report = make_report(training_set, config, unreadable, folds=folds, device=device)
            print("\n".join(report_lines(report)))
            print(f"report: {write_report(folder, report)}")
        print(f"next: lpat-export model.onnx --run {folder}")
    return not failures


def _heeding(
    training_set: TrainingSet, config: TrainingConfig, device: torch.device
) -> TrainingConfig:
    """The config, which says which part of the features counts where there are two."""
    if not can_choose(training_set, config):
        return config
    with step_bar("choosing features") as tell:
        chosen = choose_heeded(training_set, config, device, tell)
    print(chosen, flush=True)
    return replace(config, heeds=chosen.heeds)


def _what_becomes_of(without_label: Collection[str], config: TrainingConfig) -> str:
    one = len(without_label) == 1
    which = f"{len(without_label)} {'video' if one else 'videos'} without a label"
    if METHODS[config.method].learns_absence:
        return f"{which}: nothing happens in {'it' if one else 'them'}"
    return f"{which} left out, as {config.method} learns from labels alone"


def _check_resumed(run: Run | None, parts: Split) -> None:
    if run is None:
        return
    if (run.classes, run.spec) != (parts.training.classes, parts.training.spec):
        raise UsageError(f"{run.folder}: was trained on other classes or features than these")
    if run.reviewed not in (None, its := reviewed_in(parts.training)):
        raise UsageError(
            f"{run.folder}: learned from {_counted(len(run.reviewed), 'reviewed video')} "
            f"({', '.join(run.reviewed[:3]) or 'none'}), not from {len(its)}: expected the same "
            "--reviewed"
        )
    if run.held_out != tuple(names_of(parts.held_out)):
        raise UsageError(
            f"{run.folder}: held out {len(run.held_out)} videos that aren't those it would hold "
            "out of these"
        )


def _what_is_trained(parts: Split, device: torch.device, processes: Processes, folder: Path) -> str:
    training: TrainingSet = parts.training
    held_out = f" ({len(parts.held_out)} more held out)" if parts.held_out else ""
    together = "" if processes.alone else f", {processes.count} processes"
    classes = "1 class" if len(training.classes) == 1 else f"{len(training.classes)} classes"
    return (
        f"training on {_counted(len(training.videos), 'video')}{held_out}, {classes}, "
        f"{training.spec.extractor} features of {training.spec.dimension} dimensions, "
        f"{device.type}{together}; run in {folder}"
    )


def _classes_with_counts(whole: TrainingSet) -> str:
    """The classes with how many videos have them, in lines of a page's width."""
    counts = (whole.label_matrix > 0).sum(axis=0).tolist()
    named = [f"{label} {n}" for label, n in zip(whole.classes, counts, strict=True)]
    return fill(f"classes, with their videos: {', '.join(named)}", 100, break_on_hyphens=False)


def _what_marks_are_left_out(
    features: Mapping[str, FeatureSource],
    examples: Examples,
    config: TrainingConfig,
    moments: Mapping[str, tuple[Moment, ...]],
) -> Iterator[str]:
    """Lines on moments that the method has no use for, and on marks that no video is as long as."""
    marked = sum(map(len, examples.annotations.moments_by_video(examples.subset).values()))
    if marked > sum(map(len, moments.values())):
        yield f"{examples.annotations.path}: {_counted(marked, 'moment')} left out, as " + (
            f"{config.method} learns from labels alone"
        )
    late = [
        (name, words)
        for name, its in features.items()
        for words in past_end(its.edges, examples.reviewed.get(name), moments.get(name, ()))
    ]
    if late:
        name, words = late[0]
        yield (
            f"{_counted(len(late), 'mark')} past the end of the video left out (first: {name!r}: "
            f"{words} in {features[name].edges[-1]:g} s)"
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _what_is_marked(whole: TrainingSet) -> str | None:
    """What people marked in the videos beyond their labels; None where they marked nothing."""
    marks = [video.marks for video in whole.videos if video.marks is not None]
    reviewed = [its for its in marks if its.reviewed]
    instances = sum(len(its.instances) for its in reviewed)
    moments = sum(len(its.moments) for its in marks)
    said = []
    if reviewed:
        videos = _counted(len(reviewed), "reviewed video")
        said.append(f"{videos} with {_counted(instances, 'instance')}")
    if moments:
        said.append(_counted(moments, "moment"))
    return f"marked: {' and '.join(said)}" if said else None


def _what_the_level_means(network: Network, classes: tuple[str, ...]) -> list[str]:
    level = network.level
    if level is None or not level.false_alarms:
        return []
    table = level.table_of(classes)
    if table is None:
        return ["level: as it was learned, as every training video shows every class"]
    lines = [
        f"level: {level.false_alarms:.3g} of the snippets of videos without a class lie above it"
    ]
    if table.pooled:
        named = ", ".join(map(repr, table.pooled[:3])) + (", ..." if len(table.pooled) > 3 else "")
        lines.append(f"every training video shows {named}: its level is set by all other classes")
    return lines


def _print_validation(network: Network, judge: SegmentJudge) -> None:
    result = judge(network)
    print(f"{len(judge.truth)} videos, protocol {result.predicted.protocol}")
    print(format_thresholds(result))


TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, eq=False)
class SegmentJudge:
    """Judges a network by the segments that it finds in videos of which they are known."""

    classes: tuple[str, ...]
    post_processing: PostProcessing
    features: Mapping[str, FeatureSource]
    truth: tuple[VideoAnnotation, ...]

    def __call__(self, network: Network) -> Validation:
        """By both thresholds, with the post-processing that ships."""
        scores = {
            name: score(network, self.classes, its.load()) for name, its in self.features.items()
        }
        return validate(scores, self.truth, self.post_processing, TIOUS)


class Display:
    """Callbacks of training that show how it goes."""

    def __init__(
        self, bar: Any, writer: SummaryWriter, judge: SegmentJudge | None, *, in_json: bool = False
    ) -> None:
        self._bar, self._writer, self._judge = bar, writer, judge
        self._in_json = in_json

    def step(self, done: int, losses: dict[str, float]) -> None:
        """After each step: the losses of its batch."""
        self._bar.update(done - self._bar.n)
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})
        for name, value in losses.items():
            self._writer.add_scalar(f"loss/{name}", value, done)
        if self._in_json:
            known = {name: value for name, value in losses.items() if math.isfinite(value)}
            _tell("step", done, self._bar.total, losses=known)

    def ends(self, done: int, steps: int) -> None:
        """After each step of learning ends, which comes last."""
        if done == 1:
            self._bar.reset(total=steps)
            self._bar.set_description("ends")
            self._bar.set_postfix()
        self._bar.update(1)
        if self._in_json:
            _tell("ends", done, steps)

    def validation(self, done: int, network: Network, labels: LabelJudgement | None) -> None:
        """Every so often: held-out labels, and segments where they are to be judged."""
        said = []
        if labels is not None:
            said.append(
                f"held-out labels: cross entropy {labels.cross_entropy:.4f}, "
                f"mAP {labels.mean_average_precision:.1%}"
            )
            self._writer.add_scalar("held_out/cross_entropy", labels.cross_entropy, done)
            self._writer.add_scalar("held_out/map", labels.mean_average_precision, done)
        if self._judge is not None:
            found = []
            for name, evaluation in self._judge(network).by_threshold():
                found.append(f"{name} {evaluation.average:.1%}")
                self._writer.add_scalar(f"validation/map_{name}", evaluation.average, done)
            said.append(f"segments: mAP {', '.join(found)}")
        if said:
            self._bar.write(f"step {done}: {'; '.join(said)}", file=sys.stdout)


@contextmanager
def display(
    steps: int, folder: Path, judge: SegmentJudge | None, progress: Kind
) -> Iterator[Display]:
    """A block in which training is shown, and logged into the run's folder.

    "json" writes an object a line on stderr for each step; "auto" shows a bar on a terminal.
    """
    from torch.utils.tensorboard import SummaryWriter
    from tqdm import tqdm

    hidden = None if progress == "auto" else True  # None: unless stderr is a terminal
    bar = tqdm(total=steps, unit="step", disable=hidden, file=sys.stderr)
    with bar, SummaryWriter(str(folder)) as writer:
        yield Display(bar, writer, judge, in_json=progress == "json")


def _tell_loaded(done: int, total: int) -> None:
    _tell("features", done, total)


_ON_LOADED: Mapping[Kind, OnLoaded | None] = {
    "auto": None,
    "none": lambda done, total: None,
    "json": _tell_loaded,
}


def _tell(event: str, done: int, total: int, **facts: Any) -> None:
    """Write what programs read of how far training is."""
    line = json.dumps({"event": event, "done": done, "total": total, **facts})
    print(line, file=sys.stderr, flush=True)
