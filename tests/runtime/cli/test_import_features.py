"""lpat-import as a user meets it: the field's layouts, its checks, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lpat.cli.import_features import command
from lpat.errors import AnnotationError, FeatureError, LpatError, UsageError
from lpat.features.files import read_features
from lpat.types import FeatureSpec

NAMES = ("video_validation_1", "video_validation_2", "video_test_1")
SECONDS = (64.0, 128.0, 96.0)
WIDTH = 40  # of one stream


def features(name: str, seconds: float, rate: float = 25 / 16) -> np.ndarray:
    """RGB first: units have means of their own, as those of two networks do."""
    means = np.abs(np.random.default_rng(3).normal(size=2 * WIDTH))
    random = np.random.default_rng(len(name) + int(seconds))
    noise = 0.2 * random.normal(size=(int(seconds * rate), 2 * WIDTH))
    return (means + noise).astype(np.float32)


def arrays(rate: float = 25 / 16) -> dict[str, np.ndarray]:
    return {name: features(name, its, rate) for name, its in zip(NAMES, SECONDS, strict=True)}


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """W-TALC's folder, in the order of `NAMES`."""
    folder = tmp_path / "Thumos14reduced-Annotations"
    folder.mkdir()
    lists = np.empty(len(NAMES), object)
    lists[:] = [[[1.0, 2.0]]] * len(NAMES)
    labels = np.empty(len(NAMES), object)
    labels[:] = [["Diving"]] * len(NAMES)
    np.save(folder / "videoname.npy", np.array(NAMES, "S"))
    np.save(folder / "subset.npy", np.array([b"validation", b"validation", b"test"]))
    np.save(folder / "duration.npy", np.array(SECONDS)[:, None])
    np.save(folder / "segments.npy", lists, allow_pickle=True)
    np.save(folder / "labels.npy", labels, allow_pickle=True)
    return folder


def write_files(folder: Path, its: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in its.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def write_entries(path: Path, its: dict[str, np.ndarray]) -> Path:
    entries = np.empty(len(its), object)
    for index, array in enumerate(its.values()):
        entries[index] = array
    np.save(path, entries, allow_pickle=True)
    return path


def run(*arguments: object) -> Result:
    """The command in this process; it returns its exit code."""
    return CliRunner().invoke(
        command, [str(word) for word in arguments], standalone_mode=False, catch_exceptions=False
    )


def refused(*arguments: object) -> LpatError:
    """The error that the command ends with."""
    result = CliRunner().invoke(command, [str(word) for word in arguments], standalone_mode=False)
    assert isinstance(result.exception, LpatError)
    return result.exception


def assert_imported(output: Path, seconds: tuple[float, ...] = SECONDS) -> None:
    spec = FeatureSpec("i3d", 1, {"streams": "rgb,flow"}, 2 * WIDTH)
    for (name, array), its in zip(arrays().items(), seconds, strict=True):
        read = read_features(next(output.rglob(f"{name}.safetensors")))
        np.testing.assert_array_equal(read.values, array)
        assert (read.spec, read.duration) == (spec, its)


def test_one_file_of_all_videos_becomes_a_file_each(tmp_path: Path, annotations: Path) -> None:
    path = write_entries(tmp_path / "Thumos14reduced-I3D-JOINTFeatures.npy", arrays())
    result = run(path, "--annotations", annotations, "--output", tmp_path / "out")
    assert result.return_value == 0
    assert result.output.endswith(
        f"3 done (450 snippets), 0 unchanged, 0 failed; i3d features in {tmp_path / 'out'}\n"
    )
    assert_imported(tmp_path / "out")
    assert {path.relative_to(tmp_path / "out").parts[0] for path in (tmp_path / "out").iterdir()}
    assert (tmp_path / "out" / "test" / "video_test_1.safetensors").is_file()


def test_two_folders_are_joined_rgb_first(tmp_path: Path) -> None:
    for subset in ("train", "test"):
        its = {
            name: its for name, its in arrays().items() if (subset == "test") == ("test" in name)
        }
        write_files(tmp_path / subset / "rgb", {n: a[:, :WIDTH] for n, a in its.items()})
        write_files(tmp_path / subset / "flow", {n: a[:, WIDTH:] for n, a in its.items()})
    words = [f"--{stream}={tmp_path / s / stream}" for s in ("train", "test") for stream in
             ("rgb", "flow")]  # fmt: skip
    result = run(*words, "--output", tmp_path / "out")
    assert result.return_value == 0
    assert "--fps and --stride aren't checked" in result.output
    assert_imported(tmp_path / "out", tuple(len(its) * 0.64 for its in arrays().values()))


def test_files_of_both_streams_are_taken_as_they_are_or_exchanged(tmp_path: Path) -> None:
    flow_first = {n: np.roll(a, WIDTH, axis=1).astype(np.float64) for n, a in arrays().items()}
    folder = write_files(tmp_path / "in", flow_first)
    run(folder, "--output", tmp_path / "out", "--streams", "flow,rgb")
    assert_imported(tmp_path / "out", tuple(len(its) * 0.64 for its in arrays().values()))


def test_what_was_extracted_is_recorded(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "in", arrays())
    run(folder, "--output", tmp_path / "out", "--extractor", "untrimmednets", "--fps", 10,
        "--stride", 4, "--snippet-frames", 4)  # fmt: skip
    spec = read_features(tmp_path / "out" / f"{NAMES[0]}.safetensors").spec
    parameters = {"streams": "rgb,flow"}
    assert spec == FeatureSpec("untrimmednets", 1, parameters, 2 * WIDTH, 10.0, 4, 4)


def test_a_rerun_does_only_what_is_missing(tmp_path: Path, annotations: Path) -> None:
    folder, out = write_files(tmp_path / "in", arrays()), tmp_path / "out"
    words = [folder, "--annotations", annotations, "--output", out]
    run(*words)
    (out / "test" / "video_test_1.safetensors").unlink()
    assert "1 done (150 snippets), 2 unchanged" in run(*words).output
    assert "0 done (0 snippets), 3 unchanged" in run(*words).output
    assert "3 done" in run(*words, "--extractor", "other").output
    assert "3 done" in run(*words, "--overwrite").output
    (out / "test" / "video_test_1.safetensors").write_bytes(b"half")
    assert "1 done" in run(*words).output


def test_a_wrong_rate_is_refused_and_the_right_one_named(tmp_path: Path, annotations: Path) -> None:
    path = write_entries(tmp_path / "all.npy", arrays(30 / 16))
    words = [path, "--annotations", annotations, "--output", tmp_path / "out"]
    message = str(refused(*words))
    assert "'video_validation_1' of 64 s: T=120 fits 30 fps with stride 16, not 25 fps" in message
    assert message.endswith("fits 3 of 3 (--unchecked imports them all the same)")
    assert not (tmp_path / "out").exists()
    assert run(*words, "--fps", 30).return_value == 0
    assert run(*words, "--unchecked").return_value == 0


def test_a_video_whose_duration_is_wrong_is_noted(tmp_path: Path, annotations: Path) -> None:
    np.save(annotations / "duration.npy", np.array([64.0, 500, 96]))
    folder = write_files(tmp_path / "in", arrays())
    result = run(folder, "--annotations", annotations, "--output", tmp_path / "out")
    assert result.return_value == 0
    assert "note: 1 of 3 videos have another number of snippets" in result.output
    assert "the first: 'video_validation_2' of 500 s: T=200" in result.output


def test_a_subset_with_its_halves_exchanged_is_refused(tmp_path: Path, annotations: Path) -> None:
    its = arrays()
    its["video_test_1"] = np.roll(its["video_test_1"], WIDTH, axis=1)
    folder = write_files(tmp_path / "in", its)
    error = refused(folder, "--annotations", annotations, "--output", tmp_path / "out")
    expected = "halves of the 1 videos of 'test' fit those of 'validation' only when exchanged"
    assert expected in str(error)
    assert not (tmp_path / "out").exists()


def test_a_video_with_its_halves_exchanged_is_noted(tmp_path: Path) -> None:
    its = {f"v{index}": features("v", 40.0 + index) for index in range(8)}
    its["v5"] = np.roll(its["v5"], WIDTH, axis=1)
    result = run(write_files(tmp_path / "in", its), "--output", tmp_path / "out")
    assert result.return_value == 0
    assert "halves of 1 videos fit those of the others only when exchanged; the first: 'v5'" in (
        result.output
    )


def test_videos_that_only_one_side_knows_are_noted(tmp_path: Path, annotations: Path) -> None:
    its = arrays()
    its["video_test_0001292"] = its.pop("video_test_1")
    folder = write_files(tmp_path / "in", its)
    result = run(folder, "--annotations", annotations, "--output", tmp_path / "out")
    assert "1 videos aren't annotated and are left out; the first: 'video_test_0001292'" in (
        result.output
    )
    assert "1 annotated videos have no features; the first: 'video_test_1'" in result.output
    assert len(list((tmp_path / "out").rglob("*.safetensors"))) == 2


def test_bad_files_are_named_and_passed_over(tmp_path: Path) -> None:
    its = arrays()
    write_files(tmp_path / "rgb", {n: a[:, :WIDTH] for n, a in its.items()})
    flow = write_files(tmp_path / "flow", {n: a[:, WIDTH:] for n, a in its.items()})
    (flow / f"{NAMES[0]}.npy").unlink()
    np.save(flow / f"{NAMES[1]}.npy", its[NAMES[1]][:100, WIDTH:])
    np.save(flow / f"{NAMES[2]}.npy", its[NAMES[2]][:-1, WIDTH:])
    result = run("--rgb", tmp_path / "rgb", "--flow", flow, "--output", tmp_path / "out")
    assert result.return_value == 3
    assert f"failed: {NAMES[0]}: {tmp_path / 'rgb' / NAMES[0]}.npy: RGB features without flow" in (
        result.output
    )
    wrong = f"failed: {NAMES[1]}: {flow / NAMES[1]}.npy: expected 200 snippets of flow, as of RGB"
    assert f"{wrong}, not 100" in result.output
    assert [path.stem for path in (tmp_path / "out").iterdir()] == [NAMES[2]]
    assert len(read_features(tmp_path / "out" / f"{NAMES[2]}.safetensors").values) == 149


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 7), np.float32), "expected two streams of equal width, not 7 dimensions"),
        (np.zeros((5, 8), "S3"), "expected an array"),
        (np.zeros(5, np.float32), "expected an array"),
        (np.full((5, 8), np.nan, np.float32), "features of snippet 0 are not finite"),
        (np.full((5, 8), 1e300), "features of snippet 0 are not finite"),
        (np.zeros((0, 8), np.float32), "expected an array .T, D. with snippets"),
    ],
)
def test_arrays_that_are_no_features_fail(tmp_path: Path, array: Any, message: str) -> None:
    path = tmp_path / "v.npy"
    np.save(path, array)
    result = run(path, "--output", tmp_path / "out", "--axes", "snippet,feature")
    assert result.return_value == 1
    assert f"failed: v: {path}: " in result.output
    assert message.replace("expected an array .T, D. with", "with") in result.output
    assert list((tmp_path / "out").iterdir()) == []


def test_usage_that_makes_no_sense_is_refused(tmp_path: Path, annotations: Path) -> None:
    folder, out = write_files(tmp_path / "in", arrays()), ("--output", tmp_path / "out")
    entries = write_entries(tmp_path / "all.npy", arrays())
    two = write_files(tmp_path / "two" / "a", arrays()).parent
    write_files(two / "b", arrays())
    cases: list[tuple[tuple[object, ...], type[LpatError], str]] = [
        ((), UsageError, "expected either FEATURES or both --rgb and --flow"),
        (("--rgb", folder), UsageError, "expected either FEATURES or both"),
        ((folder, "--rgb", folder, "--flow", folder), UsageError, "expected either FEATURES"),
        ((entries,), UsageError, "holds an array for each video; --names says which"),
        ((entries, folder, "--names", annotations), UsageError, "expected it alone"),
        ((two,), UsageError, "has two files"),
        ((folder, "--extractor", "motion"), UsageError, "extractor 'motion' is built in"),
        ((folder, "--extractor", "backbone"), UsageError, "extractor 'backbone' is built in"),
        ((folder, "--fps", 0), FeatureError, "fps must be positive"),
    ]
    for words, kind, message in cases:
        error = refused(*words, *out)
        assert isinstance(error, kind)
        assert message in str(error)
    np.save(annotations / "videoname.npy", np.array([b"a", b"b"]))
    error = refused(entries, "--names", annotations / "videoname.npy", *out)
    assert "expected 2 entries, one for each name of" in str(error)
    assert not (tmp_path / "out").exists()


def test_names_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    entries = write_entries(tmp_path / "all.npy", arrays())
    np.save(tmp_path / "names.npy", np.array(["../a", "b", "c"]))
    error = refused(entries, "--names", tmp_path / "names.npy", "--output", tmp_path / "out")
    assert "expected a name that a file can have, not '../a'" in str(error)


def test_annotations_of_other_videos_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps({"database": {"other": {"labels": ["Diving"]}}}))
    folder = write_files(tmp_path / "in", arrays())
    error = refused(folder, "--annotations", path, "--output", tmp_path / "out")
    assert isinstance(error, AnnotationError)
    assert "none of 3 videos with features is annotated" in str(error)


def test_help_loads_neither_numpy_nor_a_reader(modules_loaded_by_help) -> None:
    assert not modules_loaded_by_help("lpat.cli.import_features") & {"numpy", "onnxruntime", "av"}
