"""The package as a Python program uses it: the examples of docs/api.md, and what they leave out."""

import ast
import doctest
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot

import lpat
from benchmarks.small_networks import write_linear_model
from lpat import Detection, Detections, Localizer
from lpat.errors import FeatureError, MissingPackageError, UsageError
from lpat.features.extractors import default_spec
from lpat.files.json_files import write_json
from lpat.model.metadata import ModelMetadata
from lpat.motion.extractor import MotionExtractor
from lpat.segments.post_processing import PostProcessing

WriteVideo = Callable[..., Path]
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes motion to the left or right for an action, and is surer of the right."""
    spec = default_spec()
    weights = np.zeros((spec.dimension, 3), np.float32)
    weights[MotionExtractor().blocks["velocity"].stop - 2] = [-8, 12, 0]  # the mean along x
    metadata = ModelMetadata(("left", "right"), spec, PostProcessing(class_selection="all"))
    return write_linear_model(
        tmp_path_factory.mktemp("model") / "model.onnx",
        weights,
        metadata.to_json(),
        bias=np.array([0, 0, 4], np.float32),
        pooling="ReduceMax",
    )


@pytest.fixture
def localizer(model: Path) -> Localizer:
    return Localizer(model, "cpu")


@pytest.fixture
def detections() -> Detections:
    return Detections(
        ("jump", "run"),
        np.array([[1.0, 2.5], [4.0, 5.0], [7.0, 9.0]]),
        np.array([1, 0, 1]),
        np.array([0.9, 0.5, 0.25]),
    )


def test_the_examples_of_the_documentation_do_what_they_say(
    model: Path, write_video: WriteVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    ground = random.integers(90, 130, (96, 128, 3), dtype=np.uint8)
    thing = random.integers(0, 255, (40, 32, 3), dtype=np.uint8)
    speed = np.repeat([0, 1.2, 0, -1.2, 0], 50)
    pictures = []
    for place in (20 + np.cumsum(speed)).astype(int):
        picture = ground.copy()
        picture[28:68, place : place + 32] = thing
        pictures.append(picture)
    video = write_video("video.mp4", pts=range(250), pictures=pictures, options={"crf": "15"})
    (tmp_path / "model.onnx").write_bytes(model.read_bytes())
    (tmp_path / "videos").mkdir()
    for name in ("one", "two"):
        (tmp_path / "videos" / f"{name}.mp4").write_bytes(video.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    actions = [("right", [1.6, 4.1]), ("left", [5.7, 8.3])]
    annotations = [{"label": label, "segment": segment} for label, segment in actions]
    write_json(Path("annotations.json"), {"database": {"video": {"annotations": annotations}}})
    result = doctest.testfile(
        str(EXAMPLES), module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL,
    )  # fmt: skip
    assert result.attempted > 20
    assert result.failed == 0
    pyplot.close("all")


def test_importing_lpat_loads_nothing_heavy() -> None:
    code = (
        "import sys, lpat; before = set(sys.modules)\n"
        "heavy = {'numpy', 'onnxruntime', 'cv2', 'av', 'pandas'}\n"
        "assert not heavy & before, heavy & before\n"
        "lpat.Localizer; assert 'numpy' in sys.modules; assert 'pandas' not in sys.modules\n"
        "assert not {'matplotlib', 'lpat.report'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    for name in lpat.__all__:
        assert getattr(lpat, name) is not None
    assert set(lpat.__all__) <= set(dir(lpat))
    with pytest.raises(AttributeError, match="module 'lpat' has no attribute 'Localiser'"):
        _ = lpat.Localiser  # pyright: ignore[reportAttributeAccessIssue]


def test_type_checkers_are_told_the_same_names() -> None:
    stub = Path(lpat.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    told = next(
        ast.literal_eval(node.value)
        for node in ast.parse(stub).body
        if isinstance(node, ast.Assign)
    )
    assert sorted(told) == sorted(lpat.__all__)


def test_detections_are_a_sequence(detections: Detections) -> None:
    assert list(detections) == [detections[n] for n in range(3)]
    assert detections[0] == Detection("run", 0.9, 1.0, 2.5)
    assert detections[-1] == Detection("run", 0.25, 7.0, 9.0)
    with pytest.raises(IndexError):
        _ = detections[3]
    assert [d.score for d in detections[:2]] == [0.9, 0.5]
    assert [d.score for d in detections[detections.scores < 0.6]] == [0.5, 0.25]
    assert [d.score for d in detections[np.array([2, 0])]] == [0.25, 0.9]
    assert detections[np.int64(1)].label == "jump"
    assert list(Detections(("jump",))) == []


def test_detections_of_one_label_are_picked_by_it(detections: Detections) -> None:
    assert [d.start for d in detections.of("run")] == [1.0, 7.0]
    with pytest.raises(UsageError, match="expected one of jump, run, not 'walk'"):
        detections.of("walk")


def test_detections_are_made_of_single_ones(detections: Detections) -> None:
    again = Detections.of_all(detections.classes, reversed(list(detections)))
    assert list(again) == list(detections)
    assert len(Detections.of_all((), [])) == 0


def test_detections_tell_the_best_of_themselves(detections: Detections) -> None:
    assert repr(detections[:1]) == "Detections(1: run 1.00-2.50 s 0.90)"
    many = Detections.of_all(("jump",), [Detection("jump", 0.5, 0, 1)] * 5)
    assert repr(many).endswith("jump 0.00-1.00 s 0.50, 2 more)")
    assert repr(Detections(("jump",))) == "Detections()"
    assert list(pickle.loads(pickle.dumps(detections))) == list(detections)


def test_a_data_frame_has_a_row_for_each(detections: Detections) -> None:
    frame = detections.to_dataframe()
    assert frame.columns.tolist() == ["label", "score", "start", "end"]
    assert frame["label"].tolist() == ["run", "jump", "run"]
    assert frame["end"].tolist() == [2.5, 5.0, 9.0]
    empty = Detections(("jump",)).to_dataframe()
    assert empty.columns.tolist() == ["label", "score", "start", "end"]
    assert len(empty) == 0


def test_without_pandas_one_line_says_what_to_install(
    detections: Detections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"needs pandas: pip install 'pandas"):
        detections.to_dataframe()


def test_a_folder_is_not_one_video(localizer: Localizer, write_video: WriteVideo) -> None:
    folder = write_video("one.mp4").parent
    write_video("two.mp4")
    with pytest.raises(UsageError, match="expected one video or feature file, not 2"):
        localizer.detect(folder)


@pytest.mark.parametrize("shape", [(5,), (0, 202), (4, 7)])
def test_arrays_of_another_shape_are_refused(localizer: Localizer, shape: tuple[int, ...]) -> None:
    with pytest.raises(FeatureError, match="features must have"):
        localizer.scores(np.zeros(shape, np.float32))


def test_without_anything_to_do_instead_a_bad_video_ends_the_iteration(
    localizer: Localizer, tmp_path: Path
) -> None:
    with pytest.raises(lpat.LpatError, match=r"nowhere\.mp4: no such file"):
        list(localizer.detect_many(tmp_path / "nowhere.mp4"))
