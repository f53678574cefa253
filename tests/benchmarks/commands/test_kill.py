"""The program that kills lpat-detect: a few kills pass, and it sees what would be wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.commands.kill import Trial, check_complete, check_killed, kill_repeatedly
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.types import Features


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Path]) -> Trial:
    """Two files of features: quick to work on, so that kills fall where files are written."""
    folder, spec = tmp_path_factory.mktemp("trial"), default_spec()
    random = np.random.default_rng(0)
    inputs = [folder / "one.safetensors", folder / "two.safetensors"]
    for path in inputs:
        values = random.random((200, spec.dimension), dtype=np.float32)
        write_features(path, Features(values, spec, 64.0))
    model = make_model(folder / "model.onnx", spec)
    outputs = ("--format", "csv,srt,labelstudio", "--scores", "--progress", "json")
    trial = Trial(model, inputs, folder / "trial", outputs)
    trial.run_undisturbed()
    return trial


def test_kills_lose_nothing_and_leave_no_part_of_a_file(trial: Trial) -> None:
    assert len(list(kill_repeatedly(trial, 3, seed=0))) == 3


def test_what_kills_could_leave_is_seen(trial: Trial) -> None:
    list(kill_repeatedly(trial, 0, seed=0))
    path = trial.output / "videos" / "one.srt"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(AssertionError, match=r"videos/one\.srt: isn't whole"):
        check_killed(trial, set())
    path.unlink()
    with pytest.raises(AssertionError, match=r"one\.json vouches for \['videos/one\.srt'\]"):
        check_killed(trial, set())
    path.write_bytes(content)
    (trial.output / "videos" / ".lpat-abcdefgh.part").touch()
    with pytest.raises(AssertionError, match="left behind"):
        check_complete(trial)
    (trial.output / "videos" / "two.json").unlink()
    with pytest.raises(AssertionError, match=r"lost: \['videos/two\.json'\]"):
        check_killed(trial, {"videos/two.json"})
