"""The program that kills lpat-detect: a few kills pass, and it sees what would be wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kill import Trial, check_complete, check_killed, kill_repeatedly

from lpat.extraction import default_spec


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Path]) -> Path:
    return make_model(tmp_path_factory.mktemp("model") / "model.onnx", default_spec())


@pytest.fixture
def trial(model: Path, write_video: Callable[..., Path], tmp_path: Path) -> Trial:
    random = np.random.default_rng(0)
    wide = random.integers(0, 255, (48, 300, 3), dtype=np.uint8)
    videos = [
        write_video(f"{name}.mp4", pts=range(60), pictures=[wide[:, n : n + 64] for n in range(60)])
        for name in ("one", "two")
    ]
    outputs = ("--format", "csv,srt,labelstudio", "--scores", "--progress", "json")
    trial = Trial(model, videos, tmp_path / "trial", outputs)
    trial.run_undisturbed()
    return trial


def test_kills_lose_nothing_and_leave_no_part_of_a_file(trial: Trial) -> None:
    assert len(list(kill_repeatedly(trial, 4, seed=0))) == 4


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
