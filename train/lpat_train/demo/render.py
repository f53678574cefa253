"""Renders the demo's videos and writes down what happens in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.error

from lpat.errors import UsageError
from lpat.files.atomic import atomic_path
from lpat.files.json_files import write_json
from lpat.parallel.processes import available_cores, run_all
from lpat_train.demo.plan import Recipe, VideoPlan, plan_video
from lpat_train.demo.scene import paint_frames

CODEC_OPTIONS = {
    "preset": "veryfast",
    "crf": "21",
    "g": "50",
    "threads": "1",
    # With it, x264 gives other bits from run to run on processors with AVX-512.
    "x264-params": "mbtree=0",
}

Progress = Callable[[str, int, int], None]
"""Called with a video's name, how many are done and how many there are."""


def render_dataset(
    folder: Path,
    *,
    seed: int = 0,
    training: int = 28,
    test: int = 12,
    recipe: Recipe | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Path of the annotations of a rendered data set: `folder/videos/NAME.mp4` and this file.

    The pictures follow from the recipe alone, whatever the number of processes. A video that the
    same recipe has already rendered is kept.

    Args:
        folder: made when missing.
        seed: of all that is random; a `recipe` brings its own.
        training: number of videos in the subset "training".
        test: number of videos in the subset "test".
        recipe: size, frame rate and length of the videos.
        processes: how many render at once, by default one for each processor.
        progress: told of every finished video, in any order.

    Raises:
        UsageError: the folder's annotations are not the demo's own, or a number is out of range.
        OutputError: the folder can't be written.
    """
    if training < 0 or test < 0:
        raise UsageError(f"numbers of videos must not be negative, not {training} and {test}")
    processes = processes or available_cores()
    recipe = recipe or Recipe(seed=seed)
    annotations = folder / "annotations.json"
    _refuse_strange(annotations)
    plans = [
        plan_video(recipe, subset, index)
        for subset, count in (("training", training), ("test", test))
        for index in range(count)
    ]
    _remove_unplanned(plans, folder / "videos")
    _render_all(plans, folder / "videos", processes, progress)
    write_json(annotations, describe(recipe, plans))
    return annotations


def describe(recipe: Recipe, plans: list[VideoPlan]) -> dict[str, Any]:
    """The annotations of the planned videos, ActivityNet-style."""
    return {
        "version": str(recipe),
        "database": {
            plan.name: {
                "subset": plan.subset,
                "duration": plan.duration,
                "annotations": [
                    {"label": instance.label, "segment": [instance.start, instance.end]}
                    for instance in plan.instances
                ],
            }
            for plan in plans
        },
    }


def render_video(plan: VideoPlan, path: Path) -> None:
    """Write one video as H.264, whole or not at all, with its recipe in its metadata."""
    with atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        container.metadata["comment"] = str(plan.recipe)
        stream = container.add_stream("libx264", rate=plan.recipe.fps, options=CODEC_OPTIONS)
        stream.width, stream.height = plan.recipe.width, plan.recipe.height
        stream.pix_fmt = "yuv420p"
        for picture in paint_frames(plan):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _render_all(
    plans: list[VideoPlan], folder: Path, processes: int, progress: Progress | None
) -> None:
    """Render what is missing, several at once, and report each as it is done."""
    report = progress or (lambda name, done, total: None)
    kept, missing = [], []
    for plan in plans:
        recipe = _rendered_recipe(folder / f"{plan.name}.mp4")
        (kept if recipe == str(plan.recipe) else missing).append(plan)
    for done, plan in enumerate(kept, 1):
        report(plan.name, done, len(plans))
    longest_first = sorted(missing, key=lambda plan: -plan.frames)
    rendered = run_all(partial(_render_into, folder), longest_first, processes)
    for done, (plan, failure) in enumerate(rendered, len(kept) + 1):
        if failure is not None:
            raise failure
        report(plan.name, done, len(plans))


def _render_into(folder: Path, plan: VideoPlan) -> None:
    render_video(plan, folder / f"{plan.name}.mp4")


def _remove_unplanned(plans: list[VideoPlan], folder: Path) -> None:
    """Delete the videos that an earlier, larger demo rendered; they would count as false."""
    planned = {plan.name for plan in plans}
    for path in folder.glob("*.mp4"):
        if path.stem not in planned and (_rendered_recipe(path) or "").startswith("lpat-demo"):
            path.unlink()


def _rendered_recipe(path: Path) -> str | None:
    """The recipe in the metadata of a rendered video; None if there is no such video."""
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment")
    except (OSError, av.error.FFmpegError):
        return None


def _refuse_strange(annotations: Path) -> None:
    """Raise if the folder holds annotations that somebody else wrote."""
    if not annotations.exists():
        return
    try:
        version = json.loads(annotations.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        version = None
    if not str(version).startswith("lpat-demo"):
        raise UsageError(f"{annotations}: expected the demo's own annotations or none")
