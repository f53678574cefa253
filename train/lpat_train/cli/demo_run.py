"""The demo: the whole path from videos to a report, by the very commands that users type."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.cli import detect as detect_command
from lpat.cli import evaluate as evaluate_command
from lpat.features.cache import FeatureCache
from lpat.features.extraction import load_features
from lpat.files.atomic import write_text
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.report.html import Section, Table, report_html
from lpat.report.timeline import timeline_svg
from lpat.segments.detect import detect
from lpat.types import Scores
from lpat_train.cli import export as export_command
from lpat_train.cli import train as train_command
from lpat_train.demo.plan import Kind, Recipe
from lpat_train.demo.render import render_dataset
from lpat_train.training.validation import Validation, format_thresholds, validate

TIOUS = (0.3, 0.5, 0.7)
_WHAT_ACTIONS_ARE: Mapping[Kind, str] = {
    "motion": "An action is a way to move, whatever it is that moves.",
    "appearance": "An action is a thing that comes and goes, however it moves.",
}


def run_demo(
    folder: Path,
    *,
    training: int = 28,
    test: int = 12,
    recipe: Recipe | None = None,
    train_options: Sequence[str] = (),
) -> Path:
    """Render videos, train on their labels, export, detect, evaluate; the report's path.

    Everything is written below `folder`. Videos that are there from an earlier demo are kept.
    `train_options` are added to the line of lpat-train; the recipe's seed is training's too.

    Raises:
        LpatError: the folder can't be written, or holds something else.
    """
    recipe = recipe or Recipe()
    seconds: dict[str, float] = {}
    with _stage("render the videos", seconds):
        annotations = _render(folder, recipe, training, test)
    videos, run, model = folder / "videos", folder / "run", folder / "model.onnx"
    cache = ("--cache", folder / "features")
    with _stage("train on video-level labels", seconds):
        _type(train_command.command, videos, "--annotations", annotations, "--output", run,
              "--overwrite", "--seed", recipe.seed, *cache, *train_options)  # fmt: skip
    with _stage("export", seconds):
        _type(export_command.command, model, "--run", run)
    with _stage("detect", seconds):
        _type(detect_command.command, model, videos, "--output", folder / "detections", *cache)
    with _stage("evaluate", seconds):
        _type(evaluate_command.command, annotations, folder / "detections" / "detections.json",
              "--subset", "test", "--tiou", ",".join(map(str, TIOUS)))  # fmt: skip
    localizer = Localizer(model, "cpu")
    truth = read_annotations(annotations).in_subset("test")
    scores = _scores(localizer, truth, videos, FeatureCache(folder / "features"))
    validation = validate(scores, truth, localizer.metadata.post_processing, TIOUS)
    report = folder / "report.html"
    write_text(report, _report(localizer, scores, truth, validation, seconds, recipe.kind))
    print(f"\n{format_thresholds(validation)}\n")
    print(f"total {sum(seconds.values()):.0f} s: "
          + ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))  # fmt: skip
    print(f"open {report} in a browser to see why")
    return report


def _render(folder: Path, recipe: Recipe, training: int, test: int) -> Path:
    with tqdm(total=training + test, unit="video", disable=None, file=sys.stderr) as bar:

        def show(_name: str, done: int, _total: int) -> None:
            bar.update(done - bar.n)

        return render_dataset(folder, recipe=recipe, training=training, test=test, progress=show)


def _type(command: click.Command, *words: object) -> None:
    """Run a command as if its line had been typed, and show that line."""
    line = [str(word) for word in words]
    print(f"$ {shlex.join([str(command.name), *line])}", flush=True)
    code = command.main(line, prog_name=command.name, standalone_mode=False)
    if code:
        raise click.exceptions.Exit(code)


@contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    print(f"\n== {name}", flush=True)
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def _scores(
    localizer: Localizer,
    truth: tuple[VideoAnnotation, ...],
    videos: Path,
    cache: FeatureCache,
) -> dict[str, Scores]:
    """Scores of the test videos by the exported model."""
    spec = localizer.metadata.features
    sources = [Input(video.name, videos / f"{video.name}.mp4") for video in truth]
    return {
        source.name: localizer.score(load_features(source, spec, cache).features)
        for source in sources
    }


def _report(
    localizer: Localizer,
    scores: Mapping[str, Scores],
    truth: tuple[VideoAnnotation, ...],
    validation: Validation,
    seconds: Mapping[str, float],
    kind: Kind,
) -> str:
    options = localizer.metadata.post_processing
    pictures = []
    for video in truth:
        its = scores[video.name]
        found = detect(its, options)
        manual = detect(its, replace(options, threshold="manual"))
        segments = [
            (label, float(start), float(end))
            for label, (start, end) in zip(video.segment_labels, video.segments, strict=True)
        ]
        note = f"shows {', '.join(video.labels)}; {len(found)} segments found"
        pictures.append((video.name, timeline_svg(its, found, segments, manual=manual), note))
    rows = [
        [name, *(f"{value:.1%}" for value in evaluation.mean_average_precision),
         f"{evaluation.average:.1%}"]
        for name, evaluation in (
            ("predicted threshold", validation.predicted),
            ("manual threshold, (max + min) / 2", validation.manual),
        )
    ]  # fmt: skip
    header = ["mAP at tIoU", *(f"{tiou:.1f}" for tiou in TIOUS), "mean"]
    training = localizer.metadata.training.get("videos", 0)
    summary = [
        Section(
            "What was done",
            [
                f"{training} rendered videos were learned from, with tags such as "
                f"{' and '.join(localizer.classes[:2])} and no times. In {len(truth)} others "
                f"the model then said when each action happens. {_WHAT_ACTIONS_ARE[kind]}",
                "There is no threshold to set: the model predicts one for every snippet, the "
                "background. A class is present where its score is above it.",
            ],
        ),
        Section(
            "How well",
            [f"Protocol {validation.predicted.protocol}, test videos only."],
            Table(header, rows, emphasis=0),
        ),
        Section(
            "How long",
            table=Table(
                ["step", "seconds"], [[name, f"{value:.1f}"] for name, value in seconds.items()]
            ),
        ),
    ]
    return report_html("lpat: when does each action happen?", summary, pictures)
