"""Fleets: on a cluster of two machines' worth of Ray, both of them this one."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.waiting import wait_until

import lpat.distributed.dispatch as dispatch_module
from lpat.backbones.files import read_backbones
from lpat.backbones.search import Backbones
from lpat.backbones.spec import backbone_spec
from lpat.batch.detection import detect_batch
from lpat.distributed.cluster import connected
from lpat.distributed.dispatch import QUEUED
from lpat.distributed.engines import ray_engine, ray_features, run_on_cluster
from lpat.distributed.worker import Environment, WorkFunction
from lpat.engine import Analysis, local_engine
from lpat.errors import ClusterError, DeviceError, LpatError, UsageError
from lpat.features.extraction import load_all_features
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.inputs import Input, find_inputs
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features
from lpat.video.address import STDIN

# Ray's own: files and sockets that it leaves to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """Ray's cluster of two machines with a core each, or a skip."""
    pytest.importorskip("ray", reason="Ray isn't installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 << 20}
    try:
        started = Cluster(
            initialize_head=True, head_node_args={**small, "include_dashboard": False}
        )
    except Exception as error:  # of many kinds
        pytest.skip(f"Ray can't be started here: {error}")
    started.add_node(**small)
    yield started
    started.shutdown()


@pytest.fixture(scope="module")
def address(machines: Any) -> Iterator[str]:
    """The cluster's address, connected to once for all tests, as that takes seconds."""
    with connected(machines.address):
        yield machines.address


@pytest.fixture
def inputs(tmp_path: Path, write_video: Callable[..., Path]) -> tuple[Input, ...]:
    """Four videos of moving noise, a feature file, one that is no video, and one that isn't."""
    folder = tmp_path / "videos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in ("one", "two", "three", "four"):
        wide = random.integers(0, 255, (48, 300, 3), dtype=np.uint8)
        write_video(
            f"videos/{name}.mp4", pts=range(60), pictures=[wide[:, n : n + 64] for n in range(60)]
        )
    spec = default_spec()
    values = random.normal(size=(20, spec.dimension)).astype(np.float32)
    write_features(folder / "five.safetensors", Features(values, spec, 6.4))
    (folder / "text.mp4").write_text("no video", encoding="utf-8")
    return find_inputs([folder, folder / "nowhere.mp4"])


@pytest.fixture
def model(tmp_path: Path, make_model: Callable[..., Path]) -> Path:
    return make_model(tmp_path / "model.onnx", default_spec())


@pytest.fixture
def stubs(tmp_path: Path) -> tuple[Input, ...]:
    """Twenty inputs that are there, for work that doesn't open them."""
    for n in range(20):
        (tmp_path / f"{n:02}.mp4").touch()
    return tuple(Input(f"{n:02}", tmp_path / f"{n:02}.mp4") for n in range(20))


def names_of() -> WorkFunction[str]:
    return lambda source: source.name


def deadly(name: str, mark: Path | None) -> WorkFunction[str]:
    """Kills its process at one input: the first time only if there is a `mark` to leave."""

    def work(source: Input) -> str:
        if source.name == name and not (mark and mark.exists()):
            if mark:
                mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return source.name

    return work


def deadly_analyser(model: Path, mark: Path) -> WorkFunction[Analysis]:
    """The engine of one process, whose first video costs the process its life in the middle."""
    analyse = local_engine(Localizer(model, "cpu"), None, jobs=1)
    die_once = deadly("two", mark)

    def work(source: Input) -> Analysis | LpatError:
        result = next(analyse([source]))[1]
        die_once(source)
        return result

    return work


def buggy() -> WorkFunction[str]:
    def work(source: Input) -> str:
        return source.name if source.name != "07" else {}[source.name]

    return work


def blind(hidden: str) -> WorkFunction[str]:
    """A process that finds no file with that in its path."""
    exists = Path.exists
    Path.exists = lambda self: hidden not in str(self) and exists(self)

    def work(source: Input) -> str | LpatError:
        return source.name if source.path.exists() else ClusterError("no such file")  # type: ignore[union-attr]

    return work


def started(folder: Path) -> WorkFunction[str]:
    def work(source: Input) -> str:
        (folder / source.name).touch()
        return source.name

    return work


def files_below(folder: Path) -> dict[str, bytes]:
    """What is in a folder, but for the record of how long it all took."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def outcomes(folder: Path) -> list[dict[str, Any]]:
    """What run.json says of each input, but for where and how fast it was worked on."""
    entries = json.loads((folder / "run.json").read_text(encoding="utf-8"))["inputs"]
    return [
        {name: value for name, value in entry.items() if name not in ("seconds", "provider")}
        for entry in entries
    ]


def test_a_fleet_writes_what_one_process_writes_byte_for_byte(
    address: str, model: Path, inputs: tuple[Input, ...], tmp_path: Path
) -> None:
    localizer = Localizer(model, "cpu")
    detect_batch(localizer, local_engine(localizer, None, 1), inputs, tmp_path / "alone")
    report = detect_batch(localizer, ray_engine(model, None, address), inputs, tmp_path / "fleet")
    assert files_below(tmp_path / "fleet") == files_below(tmp_path / "alone")
    assert outcomes(tmp_path / "fleet") == outcomes(tmp_path / "alone")
    assert report.counts["done"] == 5


def test_a_fleet_is_told_the_level(
    address: str, inputs: tuple[Input, ...], tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    spec, margins = default_spec(), np.array([[9.0, 9.0], [0.0, 0.0], [-9.0, -9.0]])
    table = LevelTable(0.03, (0.001, 0.03, 0.5), margins)
    metadata = ModelMetadata(("jump", "run"), spec, PostProcessing(), level=table).to_json()
    model = make_model(tmp_path / "leveled.onnx", spec, metadata=metadata)
    (features,) = (source for source in inputs if source.holds_features)
    for rate in (None, 0.2):
        engine = ray_engine(model, None, address, false_alarms=rate)
        ((_, analysis),) = engine([features])
        assert not isinstance(analysis, LpatError)
        expected = Localizer(model, "cpu", false_alarms=rate).scores(features.file)
        np.testing.assert_array_equal(analysis.scores.scores, expected.scores)


def test_a_fleet_is_sent_the_backbones(
    address: str, inputs: tuple[Input, ...], tmp_path: Path, make_model: Callable[..., Path],
    make_backbone: Callable[..., Path],
) -> None:  # fmt: skip
    videos = [source for source in inputs if source.name in ("one", "two")]
    path = make_backbone(tmp_path / "rgb.onnx")
    spec = backbone_spec(read_backbones(path))
    model, given = make_model(tmp_path / "eye.onnx", spec), Backbones((path,), device="cpu")
    alone = {s.name: e for s, e in load_all_features(videos, spec, None, 1, given)}
    engine, extract = (
        ray_engine(model, None, address, given),
        ray_features(spec, None, address, given),
    )
    path.unlink()
    for source, extraction in extract(videos):
        expected = alone[source.name]
        assert not isinstance(extraction, LpatError)
        assert not isinstance(expected, LpatError)
        np.testing.assert_allclose(
            extraction.features.load().values, expected.features.load().values, rtol=1e-4
        )
    for _, analysis in engine(videos):
        assert not isinstance(analysis, LpatError)
        assert len(analysis.scores.scores) == 15


def test_a_worker_killed_in_the_middle_changes_nothing(
    address: str, model: Path, inputs: tuple[Input, ...], tmp_path: Path
) -> None:
    localizer = Localizer(model, "cpu")
    detect_batch(localizer, local_engine(localizer, None, 1), inputs, tmp_path / "alone")
    make_work = partial(deadly_analyser, model, tmp_path / "mark")
    detect_batch(
        localizer,
        lambda sources: run_on_cluster(make_work, sources, address, None),
        inputs,
        tmp_path / "fleet",
    )
    assert (tmp_path / "mark").exists()
    assert files_below(tmp_path / "fleet") == files_below(tmp_path / "alone")
    assert outcomes(tmp_path / "fleet") == outcomes(tmp_path / "alone")


def test_an_input_that_kills_its_workers_is_failed_by_name_and_the_others_are_done(
    address: str, stubs: tuple[Input, ...]
) -> None:
    results = {
        s.name: r for s, r in run_on_cluster(partial(deadly, "07", None), stubs, address, None)
    }
    poisoned = results.pop("07")
    assert isinstance(poisoned, LpatError)
    assert f"{stubs[7].path}: its worker died on " in str(poisoned)
    assert "(3 times)" in str(poisoned)
    assert results == {s.name: s.name for s in stubs if s.name != "07"}


def test_a_machine_that_is_lost_takes_no_input_with_it(
    machines: Any, address: str, stubs: tuple[Input, ...]
) -> None:
    third = machines.add_node(num_cpus=1, object_store_memory=80 << 20)
    results = run_on_cluster(names_of, stubs, address, 3)
    done = [next(results)]
    machines.remove_node(third, allow_graceful=False)
    done += list(results)
    assert {s.name: r for s, r in done} == {s.name: s.name for s in stubs}
    assert len(done) == len(stubs)


def test_a_bug_met_in_one_input_is_that_inputs_failure(
    address: str, stubs: tuple[Input, ...]
) -> None:
    results = {s.name: r for s, r in run_on_cluster(buggy, stubs, address, None)}
    assert "KeyError: '07' (test_dispatch.py, line " in str(results.pop("07"))
    assert results == {s.name: s.name for s in stubs if s.name != "07"}


def test_no_more_inputs_than_a_few_for_each_worker_are_in_flight(
    address: str, stubs: tuple[Input, ...], tmp_path: Path
) -> None:
    (tmp_path / "started").mkdir()
    for taken, _ in enumerate(
        run_on_cluster(partial(started, tmp_path / "started"), stubs, address, 2)
    ):
        assert len(list((tmp_path / "started").iterdir())) - taken <= 2 * QUEUED


def test_an_input_that_workers_do_not_see_is_failed_with_the_hosts_name(
    address: str, stubs: tuple[Input, ...]
) -> None:
    results = {s.name: r for s, r in run_on_cluster(partial(blind, "07.mp4"), stubs, address, None)}
    host = os.uname().nodename
    assert f"07.mp4: not seen by {host} (3 times), though {host} has it" in str(results.pop("07"))
    assert results == {s.name: s.name for s in stubs if s.name != "07"}


def test_workers_that_see_nothing_end_the_batch_before_it_is_used_up(
    address: str,
    stubs: tuple[Input, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = []
    with pytest.raises(ClusterError, match=r"doesn't see .*\.mp4 and other inputs"):
        failed.extend(run_on_cluster(partial(blind, ".mp4"), stubs, address, None))
    assert len(failed) < 5
    assert "a worker was dismissed" in caplog.text


def test_standard_input_is_refused_by_name(address: str, stubs: tuple[Input, ...]) -> None:
    results = dict(run_on_cluster(names_of, [Input("stdin", STDIN), stubs[0]], address, None))
    assert "standard input" in str(results[Input("stdin", STDIN)])
    assert results[stubs[0]] == "00"


def test_another_version_on_a_worker_is_refused(
    address: str,
    stubs: tuple[Input, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Environment({"lpat": "99.0", "onnxruntime": "1.0"}, "/")
    monkeypatch.setattr(dispatch_module, "present_environment", lambda: setting)
    with pytest.raises(ClusterError, match=r": expected lpat 99\.0, as where .*, not "):
        next(run_on_cluster(names_of, stubs, address, None))


def test_work_that_cannot_be_made_ends_the_batch_by_its_reason(
    address: str, stubs: tuple[Input, ...], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(ClusterError, match=r": .*bad\.onnx: expected an ONNX model"):
        next(ray_engine(bad, None, address)(stubs))


def test_a_share_of_a_gpu_needs_a_gpu(address: str, model: Path, stubs: tuple[Input, ...]) -> None:
    with pytest.raises(DeviceError, match="has no GPU"):
        next(ray_engine(model, None, address, device="cuda")(stubs))
    with pytest.raises(DeviceError, match="has no GPU"):
        next(ray_engine(model, None, address, require_gpu=True)(stubs))
    with pytest.raises(UsageError, match="--require-gpu: expected a device other than cpu"):
        ray_engine(model, None, address, device="cpu", require_gpu=True)


def test_a_fleet_extracts_the_features_that_one_process_extracts(
    address: str, inputs: tuple[Input, ...]
) -> None:
    spec = default_spec()
    videos = [source for source in inputs if not source.holds_features]
    alone = {s.name: e for s, e in load_all_features(videos, spec, None, 1)}
    fleet = {s.name: e for s, e in ray_features(spec, None, address)(videos)}
    assert fleet.keys() == alone.keys()
    for name, expected in alone.items():
        found = fleet[name]
        if isinstance(expected, LpatError) or isinstance(found, LpatError):
            assert str(found) == str(expected)
        else:
            np.testing.assert_array_equal(found.features.values, expected.features.values)


def test_a_busy_cluster_is_waited_for_and_then_given_up(
    address: str,
    stubs: tuple[Input, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ray

    # A machine that another test took away may be counted for a while.
    refusal = r"no worker could be started within 1 s; 0 of the cluster's \d CPUs are free"
    with closing(run_on_cluster(names_of, stubs, address, 2)) as running:
        next(running)
        wait_until(lambda: not ray.available_resources().get("CPU"))  # both workers hold theirs
        monkeypatch.setattr(dispatch_module, "PATIENCE", 1.0)
        with pytest.raises(ClusterError, match=refusal):
            next(run_on_cluster(names_of, stubs, address, None))
        monkeypatch.undo()
        assert len(list(running)) == 19


def test_a_cluster_without_cores_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.cluster_resources", dict)
    with pytest.raises(ClusterError, match="has no CPU for workers"), connected(address):
        pass
