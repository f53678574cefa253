"""What was corrected in the viewer is trained on and judged by."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.cli import detect, evaluate
from lpat.types import Detections
from lpat_train.cli import export, train
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.landmarks import go_to_next
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace


def found_in(video: VideoAnnotation) -> Detections:
    """All that is true of it."""
    classes = video.labels
    labels = np.array([classes.index(label) for label in video.segment_labels], np.int64)
    return Detections(classes, video.segments, labels, np.ones(len(labels)))


def test_saved_corrections_are_trained_on_and_judged_by(
    dataset: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    folder, annotations = dataset(6, 0)
    corrected, run, model = tmp_path / "corrected.json", tmp_path / "run", tmp_path / "model.onnx"
    workspace = Workspace()
    corrections = Corrections(workspace)
    for video in read_annotations(annotations).videos:
        workspace.set_video(folder / f"{video.name}.safetensors", video.name)
        workspace.playhead.set_duration(video.duration or 0.0)
        workspace.layers.put(Layer("model.onnx", found_in(video)))
        if video.name == "v0":  # all that was found in it is wrong
            go_to_next(workspace, "detection")
            corrections.reject()
        else:
            corrections.accept_all()
        saving = corrections.saving(corrected)
        saving.write()
        corrections.saved(saving)

    def run_command(command, *arguments: object) -> str:
        result = CliRunner().invoke(
            command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False
        )
        assert result.return_value in (0, None), result.output
        return result.output

    trained = run_command(
        train.command, folder, "--annotations", corrected, "--output", run, "--steps", 4,
        "--hidden", 16, "--device", "cpu", "--no-cache",
    )  # fmt: skip
    assert "1 video without a label: nothing happens in it" in trained
    assert "training on 6 videos, 2 classes" in trained
    run_command(export.command, model, "--run", run)
    run_command(detect.command, model, folder, "--output", tmp_path / "out")
    judged = run_command(evaluate.command, corrected, tmp_path / "out" / "detections.json")
    assert "6 videos" in judged
