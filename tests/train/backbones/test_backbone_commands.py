"""From two backbones to detections: train, export and detect as a user meets them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from lpat.backbones.appearance import appearance_file
from lpat.backbones.extractor import BackboneExtractor
from lpat.backbones.files import read_backbones
from lpat.backbones.search import Backbones
from lpat.cli import detect
from lpat.errors import BackboneError, ModelError, OutputError, UsageError
from lpat.features.extractors import default_spec, extractor_of
from lpat.files.json_files import write_json
from lpat.formats.detections import read_detections
from lpat.inference.onnx_files import digests_of
from lpat.localizer import Localizer
from lpat.model.inspection import inspect
from lpat_train.cli import export, train
from lpat_train.errors import BundleError
from lpat_train.export.bundle import write_bundle
from lpat_train.training.checkpoint import read_run

QUICK = ("--steps", "8", "--hidden", "16", "--device", "cpu", "--no-cache", "--no-report")


def invoke(command, *arguments: object) -> Result:
    """The command in this process; it returns its exit code and raises its errors."""
    return CliRunner().invoke(
        command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )


def run_detect(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """lpat-detect in a process that finds no backbones by itself."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "LPAT_CACHE": str(folder / "cache")}
    environment.pop("LPAT_BACKBONES", None)
    return subprocess.run(
        [sys.executable, "-m", "lpat.cli.detect", *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, write_video, make_backbone, monkeypatch) -> Path:
    """A folder with four videos, their labels, and two backbones, that the process works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LPAT_BACKBONES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "videos").mkdir()
    random = np.random.default_rng(0)
    database = {}
    for number in range(4):
        wide = random.integers(0, 255, (48, 200, 3), dtype=np.uint8)
        step = 1 + number % 2
        pictures = [wide[:, step * n : step * n + 64] for n in range(40)]
        write_video(f"videos/v{number}.mp4", pts=range(40), pictures=pictures)
        database[f"v{number}"] = {"subset": "training", "labels": [("slow", "fast")[number % 2]]}
    write_json(tmp_path / "labels.json", {"database": database})
    make_backbone(tmp_path / "rgb.onnx", "rgb", name="eye")
    make_backbone(tmp_path / "flow.onnx", "flow", name="ear", dimension=5)
    return tmp_path


def run_train(*more: object) -> Result:
    return invoke(train.command, "videos", "--annotations", "labels.json", *QUICK, *more)


BOTH = ("--backbone", "flow.onnx", "--backbone", "rgb.onnx")


def test_two_streams_from_videos_to_a_bundle_that_detects_alone(project: Path) -> None:
    trained = run_train("--output", "run", *BOTH)
    assert "backbone features of 11 dimensions" in trained.output
    spec = read_run(project / "run").spec
    assert (spec.extractor, spec.stride, spec.dimension) == ("backbone", 4, 11)
    assert invoke(export.command, "head.onnx", "--run", "run").return_value == 0
    assert Localizer("head.onnx", "cpu").metadata.statistics is None  # RGB is always first
    exported = invoke(export.command, "whole.onnx", "--run", "run", "--bundle", *BOTH)
    assert "with backbone eye (rgb" in exported.output
    assert {path.name for path in project.glob("*.onnx")} == {
        "head.onnx", "whole.onnx", "rgb.onnx", "flow.onnx",
    }  # fmt: skip

    invoke(detect.command, "head.onnx", "videos", "--output", "apart", *BOTH, "--no-cache")
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(project / "whole.onnx", elsewhere)
    done = run_detect(elsewhere, "whole.onnx", project / "videos", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "backbone ear (flow" in done.stdout
    apart = read_detections(project / "apart" / "detections.json")
    together = read_detections(elsewhere / "out" / "detections.json")
    assert apart.keys() == together.keys()
    for name, expected in apart.items():
        found = together[name]
        np.testing.assert_allclose(found.segments, expected.segments)
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-4)
    record = json.loads((elsewhere / "out" / "run.json").read_text(encoding="utf-8"))
    (rgb,) = read_backbones(project / "rgb.onnx")
    assert record["backbones"][0] == {"stream": "rgb", "name": "eye", "sha256": rgb.sha256}


def test_a_bundle_is_loaded_once_for_its_head_and_its_backbones(project: Path) -> None:
    run_train("--output", "run", *BOTH)
    invoke(export.command, "whole.onnx", "--run", "run", "--bundle", *BOTH)
    localizer = Localizer("whole.onnx", "cpu")
    localizer.find_backbones()
    extractor = extractor_of(localizer.metadata.features, localizer.backbones)
    assert isinstance(extractor, BackboneExtractor)
    sessions = {id(network.session.runtime) for network in extractor.networks}
    assert sessions == {id(localizer.session.runtime)}


def test_a_file_that_is_replaced_while_it_is_used_is_named(project: Path) -> None:
    (rgb,) = read_backbones(project / "rgb.onnx")
    shutil.copy(project / "flow.onnx", project / "rgb.onnx")
    with pytest.raises(BackboneError, match=r"rgb\.onnx: changed while it was in use"):
        rgb.read()


@pytest.fixture
def appearance(project: Path, make_backbone) -> Path:
    """A tiny network in the place of appearance's, which the commands find there."""
    path = appearance_file()
    path.parent.mkdir(parents=True)
    return make_backbone(path, name="efficientnet-lite0", frames=1, sampling=16, dimension=40)


def test_appearance_alone_has_snippets_as_often_as_motion_has(
    project: Path, appearance: Path
) -> None:
    run_train("--output", "run", "--features", "appearance")
    spec = read_run(project / "run").spec
    assert (spec.dimension, spec.stride) == (40, default_spec().stride)


def test_motion_and_appearance_go_from_videos_to_a_bundle(project: Path, appearance: Path) -> None:
    """Appearance is reduced within the model where that is asked for: whole features go in."""
    trained = run_train("--output", "run", "--features", "motion+appearance", "--components", "8")
    assert "features of 242 dimensions" in trained.output
    exported = invoke(export.command, "whole.onnx", "--run", "run", "--bundle")
    assert "with backbone efficientnet-lite0 (rgb" in exported.output
    (its,) = inspect(project / "whole.onnx", Backbones()).needs
    assert its.path == project / "whole.onnx"
    expected = Localizer("whole.onnx", "cpu").scores("videos/v0.mp4").scores
    appearance.unlink()
    assert expected.std() > 0
    np.testing.assert_array_equal(
        Localizer("whole.onnx", "cpu").scores("videos/v0.mp4").scores, expected
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--features", "motion", "--backbone", "rgb.onnx"), "either --features or --backbone"),
        (("--features", "motion", "--resume", "run"), "leave out other settings"),
    ],
)
def test_features_that_contradict_other_options_are_refused(
    project: Path, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run_train(*words)


@pytest.mark.parametrize("stream", ["rgb", "flow"])
def test_one_stream_trains_too(project: Path, stream: str) -> None:
    run_train("--output", "run", "--backbone", f"{stream}.onnx", "--stride", "2")
    spec = read_run(project / "run").spec
    assert set(spec.parameters) == {stream, f"{stream}_name"}
    assert spec.stride == 2


def test_a_folder_of_backbones_is_taken_whole(project: Path) -> None:
    (project / "both").mkdir()
    for name in ("rgb.onnx", "flow.onnx"):
        (project / name).rename(project / "both" / name)
    run_train("--output", "run", "--backbone", "both")
    assert read_run(project / "run").spec.dimension == 11


def test_a_resumed_run_keeps_its_backbones(project: Path, monkeypatch) -> None:
    run_train("--output", "run", *BOTH)
    again = ("videos", "--annotations", "labels.json", "--resume", "run", "--no-cache")
    with pytest.raises(BackboneError, match=r"backbone eye \(rgb.* is needed and wasn't found in"):
        invoke(train.command, *again)
    assert invoke(train.command, *again, *BOTH).return_value == 0
    monkeypatch.setenv("LPAT_BACKBONES", str(project))
    assert invoke(train.command, *again).return_value == 0


def test_features_of_files_need_no_backbone(project: Path, dataset) -> None:
    features, annotations = dataset()
    with pytest.raises(UsageError, match="--backbone: expected videos; these are feature files"):
        invoke(train.command, features, "--annotations", annotations, *QUICK, *BOTH)


@pytest.fixture
def model(project: Path, make_model) -> Path:
    """A model of the two streams' features."""
    from lpat.backbones.spec import backbone_spec

    files = (project / "rgb.onnx", project / "flow.onnx")
    spec = backbone_spec([one for path in files for one in read_backbones(path)])
    return make_model(project / "model.onnx", spec)


def test_a_missing_backbone_is_named_before_any_video_is_read(model: Path) -> None:
    done = run_detect(model.parent, "model.onnx", "videos", "--output", "out")
    assert done.returncode == 1
    assert done.stderr.startswith("lpat-detect: error: backbone eye (rgb, SHA-256 ")
    assert "is needed and wasn't found in" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (model.parent / "out").exists()


@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_wrong_backbone_is_refused_by_name(model: Path, make_backbone, live) -> None:
    make_backbone(model.parent / "other.onnx", "rgb", name="nose", seed=1)
    wrong = ("--backbone", "other.onnx", "--backbone", "flow.onnx")
    with pytest.raises(BackboneError, match=r"other\.onnx: expected eye \(rgb.* not nose \(rgb"):
        invoke(detect.command, "model.onnx", "videos/v0.mp4", *wrong, *live)
    assert not (model.parent / "detections").exists()


def test_a_model_of_built_in_features_takes_no_backbone(project: Path, make_model) -> None:
    make_model(project / "motion.onnx", default_spec())
    with pytest.raises(BackboneError, match=r"flow\.onnx: expected no backbone, as motion"):
        invoke(detect.command, "motion.onnx", "videos", *BOTH)


def test_live_detection_takes_backbones(model: Path) -> None:
    done = run_detect(
        model.parent, "model.onnx", "videos/v0.mp4", "--live", "--live-timeout", "0", *BOTH
    )
    assert done.returncode == 0, done.stderr
    assert "backbone eye (rgb" in done.stderr


@pytest.fixture
def bundled(model: Path) -> Path:
    """The model with its backbones in it."""
    files = (model.with_name("rgb.onnx"), model.with_name("flow.onnx"))
    backbones = [one for path in files for one in read_backbones(path)]
    write_bundle(model, backbones, model.with_name("whole.onnx"))
    return model.with_name("whole.onnx")


def test_a_bundle_says_what_is_in_it(bundled: Path) -> None:
    alone = read_backbones(bundled.with_name("rgb.onnx"))
    (rgb, flow) = read_backbones(bundled)
    assert (rgb.metadata, rgb.sha256) == (alone[0].metadata, alone[0].sha256)
    assert (rgb.input, rgb.output) == ("rgb", "rgb_features")
    assert (flow.input, flow.output) == ("flow", "flow_features")
    digests = digests_of(bundled.read_bytes())
    assert digests.told == digests.own is not None
    damaged = bytearray(bundled.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(ModelError, match=r"^whole\.onnx: "):
        Localizer("whole.onnx", "cpu", content=bytes(damaged))
    graph = onnx.load(bundled).graph
    assert [value.name for value in graph.input] == ["features", "rgb", "flow"]


def test_a_bundle_that_was_sent_detects_without_a_file(bundled: Path) -> None:
    content = bundled.read_bytes()
    bundled.unlink()
    sent = Localizer("gone.onnx", "cpu", content=content)
    expected = Localizer("model.onnx", "cpu").metadata.features
    assert sent.metadata.features == expected
    assert len(sent.scores("videos/v0.mp4").scores) == 10


def test_networks_of_other_versions_are_brought_together(project: Path, model: Path) -> None:
    files = []
    for name, opset in (("rgb.onnx", 20), ("flow.onnx", 18)):
        network = onnx.load(project / name)
        network.opset_import[0].version = opset
        (project / name).write_bytes(network.SerializeToString())
        files.append(project / name)
    assert onnx.load(model).opset_import[0].version < 20
    backbones = [one for path in files for one in read_backbones(path)]
    write_bundle(model, backbones, project / "whole.onnx")
    assert onnx.load(project / "whole.onnx").opset_import[0].version == 20


def test_networks_that_cannot_be_brought_together_are_named(project: Path, model: Path) -> None:
    (rgb,) = read_backbones(project / "rgb.onnx")
    head = onnx.load(model)
    head.opset_import[0].version = 1
    model.write_bytes(head.SerializeToString())
    with pytest.raises(BundleError, match=r"the model: expected a network of ONNX opset 18, not 1"):
        write_bundle(model, [rgb], project / "whole.onnx")
    assert not (project / "whole.onnx").exists()


def test_a_bundle_beyond_two_gigabytes_is_refused(project: Path, model: Path, monkeypatch) -> None:
    monkeypatch.setattr("lpat_train.export.bundle.LARGEST", 1000)
    backbones = read_backbones(project / "rgb.onnx")
    with pytest.raises(BundleError, match=r"whole.onnx: a bundle of .* expected below 2 GiB"):
        write_bundle(model, backbones, project / "whole.onnx")


@pytest.mark.parametrize(
    ("more", "kind", "message"),
    [
        (("model.onnx", "--backbone", "rgb.onnx"), UsageError, "--backbone: expected --bundle too"),
        (("model.onnx", "--bundle"), UsageError, "--bundle: motion features need no backbone"),
        (("model.txt", "--bundle"), OutputError, r"model.txt: expected a name that ends in \.onnx"),
    ],
)
def test_what_bundles_nothing_is_refused(project: Path, dataset, more, kind, message) -> None:
    features, annotations = dataset()
    invoke(train.command, features, "--annotations", annotations, *QUICK, "--output", "run")
    with pytest.raises(kind, match=message):
        invoke(export.command, *more, "--run", "run")
