"""From features in each published layout to THUMOS'14's table, on made-up features."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmarks.studies.published_layouts import (
    FOLDERS,
    published_features,
    write_joint,
    write_streams,
    write_wtalc,
)
from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.cli import detect, evaluate, import_features
from lpat.features.files import read_features
from lpat_train.cli import export, train

QUICK = ("--steps", "6", "--hidden", "16", "--device", "cpu", "--no-report")


def invoke(command, *arguments: object) -> Result:
    """The command in this process; it returns its exit code and raises its errors."""
    return CliRunner().invoke(
        command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )


def made_up_videos() -> list[VideoAnnotation]:
    """Six videos to learn from and four to test on, of two classes."""
    return [
        VideoAnnotation(
            name=f"video_{subset}_{index:07}",
            subset=subset,
            duration=30.0 + 7.3 * index,
            labels=(label,),
            segments=np.array([[4.0, 9.5], [15.0, 22.0]]),
            segment_labels=(label, label),
        )
        for subset, count in (("validation", 6), ("test", 4))
        for index in range(count)
        for label in (("Diving", "GolfSwing")[index % 2],)
    ]


def imported(output: Path) -> dict[str, tuple[bytes, object, float]]:
    """What each imported file holds, by its place."""
    read = {path: read_features(path) for path in sorted(output.rglob("*.safetensors"))}
    return {
        path.relative_to(output).as_posix(): (its.values.tobytes(), its.spec, its.duration)
        for path, its in read.items()
    }


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the process works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def import_each_layout(folder: Path, videos: list[VideoAnnotation], dimension: int) -> Path:
    """W-TALC's annotations, after every layout has been imported and all have given the same."""
    arrays = published_features(videos, dimension)
    every, annotations = write_wtalc(folder / "wtalc", videos, arrays)
    write_streams(folder / "streams", videos, arrays)
    write_joint(folder / "joint", videos, arrays)
    streams = [
        f"--{stream}={folder / 'streams' / name / stream}"
        for stream in ("rgb", "flow")
        for name in FOLDERS.values()
    ]
    for output, words in (("wtalc", [every]), ("joint", [folder / "joint"]), ("streams", streams)):
        done = invoke(
            import_features.command, *words, "--annotations", annotations, "--output",
            folder / "imported" / output,
        )  # fmt: skip
        assert done.return_value == 0
        assert "note:" not in done.output
    first, *others = (
        imported(folder / "imported" / name) for name in ("wtalc", "joint", "streams")
    )
    assert len(first) == len(videos)
    assert all(its == first for its in others)
    return annotations


def table_of(folder: Path, features: Path, annotations: Path) -> dict:
    """The three commands of docs/thumos14.md, with few steps; what lpat-eval found."""
    subset = ("--annotations", annotations, "--subset", "validation")
    trained = invoke(
        train.command, features / "validation", *subset, "--preset", "paper", *QUICK,
        "--output", folder / "run",
    )  # fmt: skip
    assert trained.return_value == 0
    assert "snippets than" not in trained.output
    model = folder / "model.onnx"
    assert invoke(export.command, model, "--run", folder / "run").return_value == 0
    found = invoke(detect.command, model, features / "test", "--output", folder / "detections")
    assert found.return_value == 0
    invoke(
        evaluate.command, annotations, folder / "detections" / "detections.json", "--subset",
        "test", "--protocol", "wtalc", "--json", folder / "table.json",
    )  # fmt: skip
    return json.loads((folder / "table.json").read_text("utf-8"))


def test_each_layout_gives_the_same_and_leads_to_the_table(in_folder: Path) -> None:
    annotations = import_each_layout(in_folder, made_up_videos(), 40)
    table = table_of(in_folder, in_folder / "imported" / "wtalc", annotations)
    assert table["protocol"] == "wtalc"


def test_flow_first_is_refused_by_a_model_that_was_trained_on_rgb_first(in_folder: Path) -> None:
    annotations = import_each_layout(in_folder, made_up_videos(), 40)
    table_of(in_folder, in_folder / "imported" / "wtalc", annotations)
    exchanged = ("--streams", "flow,rgb", "--output", "exchanged")
    invoke(import_features.command, in_folder / "joint" / "test", *exchanged)
    found = invoke(detect.command, "model.onnx", "exchanged", "--output", "out")
    assert found.return_value == 1
    assert found.output.count("features with their halves exchanged: expected RGB and flow") == 4


def test_training_tells_of_a_frame_rate_that_durations_contradict(in_folder: Path) -> None:
    videos = made_up_videos()
    arrays = published_features(videos, 40)
    write_joint(in_folder / "joint", videos, {name: its[::2] for name, its in arrays.items()})
    _, annotations = write_wtalc(in_folder / "wtalc", videos, arrays)
    trained = invoke(
        train.command, "joint/train", "--annotations", annotations, "--subset", "validation",
        *QUICK, "--no-cache",
    )  # fmt: skip
    assert trained.return_value == 0
    assert "6 of 6 videos have another number of snippets than 25 fps with stride 16" in (
        trained.output
    )


@pytest.mark.slow
def test_every_layout_over_the_real_time_lines_leads_to_the_table(
    in_folder: Path, shared_data: Path
) -> None:
    videos = list(read_annotations(shared_data / "thumos14" / "annotations.json").videos)
    annotations = import_each_layout(in_folder, videos, 32)
    table = table_of(in_folder, in_folder / "imported" / "streams", annotations)
    assert table["protocol"] == "wtalc"
    assert len(table["AP"]) == 20
