"""Several processes, started by torchrun, train as one does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from tests.train.distributed.train_together import train_all
from tests.waiting import PATIENCE

from lpat.files.json_files import write_json
from lpat_train.cli import train
from lpat_train.distributed.batch_parts import BatchPart
from lpat_train.distributed.processes import ALONE, Processes
from lpat_train.presets import METHOD_DEFAULTS

SCRIPT = Path(__file__).with_name("train_together.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=environment, timeout=PATIENCE,
    )  # fmt: skip


def train_by_two(*arguments: object) -> subprocess.CompletedProcess[str]:
    return python(*TORCHRUN, "-m", "lpat_train.cli.train", *arguments)


def train_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [*map(str, arguments)]
    done = CliRunner().invoke(train.command, words, standalone_mode=False, catch_exceptions=False)
    return subprocess.CompletedProcess(words, done.return_value, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict]:
    """Losses of each case by one process, which is this one, and by two."""
    folder = tmp_path_factory.mktemp("together")
    done = python(*TORCHRUN, SCRIPT, folder)
    assert done.returncode == 0, done.stderr
    together = json.loads((folder / "2.json").read_text("utf-8"))
    return train_all(tmp_path_factory.mktemp("alone"), ALONE), together


def assert_near(one: list[dict[str, float]], other: list[dict[str, float]], rtol: float) -> None:
    assert len(one) == len(other)
    for step, (ours, theirs) in enumerate(zip(one, other, strict=True)):
        assert ours == pytest.approx(theirs, rel=rtol, abs=rtol), f"step {step}"


@pytest.mark.parametrize(
    "case",
    [
        *METHOD_DEFAULTS, "casl", "lpat-x", "a video at a time", "one video, 3c-net",
        "one video, star", "one video, autoloc", "held out", "held out, counts",
    ],
)  # fmt: skip
def test_two_processes_have_the_losses_of_one_at_each_step(histories, case: str) -> None:
    """Dropout, hidden chunks, pairs of videos and counts included; of one video, one has none.

    Sums differ in their order, and the weights follow: 1e-5 of a loss in 12 steps.
    """
    alone, together = histories
    assert len(alone[case]) == (15 if case.startswith("held out") else 12)
    assert_near(together[case], alone[case], 1e-5)


@pytest.mark.parametrize(
    "case", ["bfloat16", "bfloat16, 3c-net", "bfloat16, star", "bfloat16, autoloc"]
)
def test_two_processes_have_nearly_the_losses_of_one_in_bfloat16(histories, case: str) -> None:
    alone, together = histories
    assert_near(together[case], alone[case], 2e-2)


def test_counts_are_learned_from_in_some_batches(histories) -> None:
    """So that the cases above compare what they say."""
    for found in histories:
        assert max(step["count"] for step in found["3c-net"]) > 0


def test_two_processes_go_on_to_the_very_losses_of_their_unbroken_run(histories) -> None:
    alone, together = histories
    for found in histories:
        # Step 5 is the last of the first part, so it is judged there as well.
        parts = [*found["parts"][:5], *found["parts"][6:]] if len(found["parts"]) == 16 else None
        assert parts == found["whole"]
    assert_near(together["parts"], alone["parts"], 1e-5)


@pytest.mark.parametrize("rank", [0, 1])
def test_what_stops_one_process_stops_all_with_one_line(tmp_path: Path, rank: int) -> None:
    done = python(*TORCHRUN, SCRIPT, tmp_path, rank, "error")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("train_together: ")]
    assert lines == ["train_together: error: v3.npy: can no longer be read"]
    assert 'train_together.py", line' not in done.stderr  # no traceback of ours


def test_a_process_that_is_killed_stops_the_other(tmp_path: Path) -> None:
    done = python(*TORCHRUN, SCRIPT, tmp_path, 1, "killed")
    assert done.returncode == 1
    assert done.stderr.count("train_together: error: another process of this run has ended (") <= 1
    assert 'train_together.py", line' not in done.stderr


def test_shares_part_a_batch_as_equally_as_can_be() -> None:
    rows = [Processes(rank, 3).part_of(8).rows for rank in range(3)]
    assert rows == [slice(0, 3), slice(3, 6), slice(6, 8)]
    assert [Processes(rank, 3).part_of(1).rows for rank in range(3)] == [
        slice(0, 1), slice(1, 1), slice(1, 1),
    ]  # fmt: skip


def test_random_numbers_of_a_share_are_those_of_the_whole_batch() -> None:
    def draw(rows: int) -> torch.Tensor:
        torch.manual_seed(0)
        return torch.rand(rows, 3)

    drawn = [BatchPart(rank, (2, 1, 2)).drawn(draw) for rank in range(3)]
    assert torch.equal(torch.cat(drawn), draw(5))


def test_a_process_that_torchrun_did_not_start_is_alone() -> None:
    assert Processes.from_environment({}) == ALONE
    assert Processes.from_environment({"RANK": "1", "WORLD_SIZE": "x"}) == ALONE
    set_by_torchrun = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}
    assert Processes.from_environment(set_by_torchrun) == Processes(3, 4, 1)


def test_the_command_learns_counts_from_mapped_files_in_every_process(tmp_path: Path) -> None:
    """Held-out videos and a frame rate that the durations contradict among it."""
    database, random = {}, np.random.default_rng(0)
    for number in range(10):
        label = "ab"[number % 2]
        values = random.normal(size=(20, 4)).astype(np.float16)
        np.save(tmp_path / f"v{number}.npy", values)
        database[f"v{number}"] = {"duration": 6.4, "labels": [label], "counts": {label: 3}}
    write_json(tmp_path / "counts.json", {"database": database})
    for entry in database.values():
        del entry["counts"]
    write_json(tmp_path / "labels.json", {"database": database})
    weights = {}
    for run, annotations, lpat_train in (
        ("one", "counts.json", train_here),
        ("two", "counts.json", train_by_two),
        ("labels", "labels.json", train_here),
    ):
        done = lpat_train(
            tmp_path, "--annotations", tmp_path / annotations,
            "--method", "3c-net", "--steps", 8, "--hidden", 16, "--device", "cpu", "--no-cache",
            "--hold-out", 0.2, "--validate-every", 4, "--output", tmp_path / run,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("10 of 10 videos have another number of snippets than") == 1
        weights[run] = load_file(tmp_path / run / "checkpoint.safetensors")
    for name, value in weights["one"].items():
        torch.testing.assert_close(weights["two"][name], value, rtol=1e-4, atol=1e-5)
    assert any(
        not torch.equal(weights["labels"][name], its) for name, its in weights["one"].items()
    )


def test_the_command_trains_by_two_processes_and_speaks_once(dataset, tmp_path: Path) -> None:
    features, annotations = dataset()
    (features / "v3.safetensors").write_bytes(b"broken")
    found = {}
    for name, lpat_train in (("one", train_here), ("two", train_by_two)):
        done = lpat_train(
            features, "--annotations", annotations, "--no-cache",
            "--steps", 8, "--hidden", 16, "--device", "cpu", "--hold-out", 0.2,
            "--validate-every", 4, "--validate", "test", "--output", tmp_path / name,
        )  # fmt: skip
        assert done.returncode == (3 if name == "one" else 1)  # torchrun's own, for any failure
        assert done.stderr.count("failed: v3: ") == 1
        found[name] = load_file(tmp_path / name / "best.safetensors")
        said = done.stdout.replace(str(tmp_path / name), "RUN").replace(", 2 processes", "")
        found[f"{name} said"] = re.sub(r"(folds in) \S+ s", r"\1 S s", said)
    assert found["two said"] == found["one said"]
    assert found["one said"].count("held-out labels: cross entropy") == 2
    assert found["one said"].count("what would help most: ") == 1
    for name, value in found["one"].items():  # Adam makes more of what sums of other orders leave
        torch.testing.assert_close(found["two"][name], value, rtol=1e-4, atol=1e-4)
