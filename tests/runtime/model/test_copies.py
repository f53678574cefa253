"""Copies of a model that find more or less: their metadata differs, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpat.errors import LpatError, ModelError, OutputError, UsageError
from lpat.inference.onnx_metadata import with_metadata
from lpat.localizer import Localizer
from lpat.model.copies import write_copy
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.segments.sensitivity import Sensitivity
from lpat.types import FeatureSpec

SPEC = FeatureSpec("precomputed", 1, {}, 6)
TABLE = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[3.0, 2.0], [0.0, 0.0], [-2.0, -3.0]]))


@pytest.fixture
def model(tmp_path: Path, make_model: Callable[..., Path]) -> Path:
    options = PostProcessing(class_selection="all")
    metadata = ModelMetadata(("jump", "run"), SPEC, options, {"videos": 3}, level=TABLE).to_json()
    return make_model(tmp_path / "model.onnx", SPEC, metadata=metadata)


def test_a_copy_finds_what_was_chosen_for_it(model: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    chosen = Localizer(model, "cpu", false_alarms={None: 0.2, "run": 0.01}, min_score=0.3)
    chosen.save_copy(tmp_path / "new" / "copy.onnx")
    copy = Localizer(tmp_path / "new" / "copy.onnx", "cpu")
    assert copy.sensitivity == chosen.sensitivity
    expected, found = chosen.detect(values), copy.detect(values)
    assert len(found) > 0
    np.testing.assert_array_equal(found.segments, expected.segments)
    np.testing.assert_array_equal(found.scores, expected.scores)
    own = Localizer(tmp_path / "new" / "copy.onnx", "cpu", false_alarms=0.03, min_score=-1e9)
    assert len(own.detect(values)) == len(Localizer(model, "cpu").detect(values))


def test_nothing_but_the_metadata_differs_and_a_copy_of_a_copy_has_it_once(
    model: Path, tmp_path: Path
) -> None:
    first, second, back = (tmp_path / f"{name}.onnx" for name in "abc")
    write_copy(model, first, Sensitivity.of(0.2))
    write_copy(first, second, Sensitivity.of(0.1, {"jump": 2.0}))
    write_copy(second, back, Sensitivity())
    originals = onnx.load(model)
    for path in (first, second, back):
        its = onnx.load(path)
        onnx.checker.check_model(its)
        assert its.graph == originals.graph
        assert [entry.key for entry in its.metadata_props] == ["lpat"]
    assert onnx.load(back) == originals


@given(st.text(max_size=300), st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_entries_are_written_as_protobuf_writes_them(
    text: str, entries: list[tuple[str, str]]
) -> None:
    before = onnx.ModelProto(ir_version=8, producer_name="x" * 200)
    for key, value in [*entries, ("lpat", "old")]:
        before.metadata_props.add(key=key, value=value)
    after = onnx.ModelProto.FromString(with_metadata(before.SerializeToString(), "lpat", text))
    kept = [(key, value) for key, value in entries if key != "lpat"]
    assert [(its.key, its.value) for its in after.metadata_props] == [*kept, ("lpat", text)]
    assert after.producer_name == before.producer_name


@given(st.binary(max_size=40))
def test_bytes_that_are_no_message_are_refused_or_kept(content: bytes) -> None:
    try:
        copy = with_metadata(content, "lpat", "text")
    except LpatError:
        return
    assert copy.endswith(b"\n\x04lpat\x12\x04text")


@pytest.mark.parametrize(
    ("target", "chosen", "kind", "message"),
    [
        ("copy.bin", Sensitivity(), OutputError, r"copy\.bin: expected a name that ends in"),
        ("model.onnx", Sensitivity(), UsageError, "expected another file than the model itself"),
        ("copy.onnx", Sensitivity.of(0.9), UsageError, "expected a rate from"),
        ("copy.onnx", Sensitivity.of({"fly": 0.1}), UsageError, "expected a class of the model"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_nothing_written(
    model: Path, tmp_path: Path, target: str, chosen: Sensitivity, kind: type[LpatError],
    message: str,
) -> None:  # fmt: skip
    before = model.read_bytes()
    with pytest.raises(kind, match=message):
        write_copy(model, tmp_path / target, chosen)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert model.read_bytes() == before


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"model\.onnx: "):
        write_copy(tmp_path / "model.onnx", tmp_path / "copy.onnx", Sensitivity())
