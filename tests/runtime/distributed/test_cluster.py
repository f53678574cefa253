"""The address of a cluster, and clusters of this machine's own, as a user meets them."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.waiting import PATIENCE, wait_until

import lpat.distributed.cluster as cluster_module
from lpat.distributed.cluster import connected
from lpat.distributed.engines import ray_engine
from lpat.errors import ClusterError, UsageError
from lpat.features.extractors import default_spec


@pytest.fixture
def model(tmp_path: Path, make_model: Callable[..., Path]) -> Path:
    return make_model(tmp_path / "model.onnx", default_spec())


@pytest.mark.parametrize("text", ["nowhere", "ray://head:10001", "head:port", ":6379"])
def test_what_is_no_address_is_refused(text: str) -> None:
    pytest.importorskip("ray", reason="Ray isn't installed")
    with (
        pytest.raises(ClusterError, match="expected local, auto or HOST:PORT, not"),
        connected(text),
    ):
        pass


def test_an_address_at_which_nothing_answers_is_refused_at_once() -> None:
    pytest.importorskip("ray", reason="Ray isn't installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with (
            pytest.raises(ClusterError, match="no cluster answers there"),
            connected(f"127.0.0.1:{port}"),
        ):
            pass


def test_an_address_at_which_something_else_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("ray", reason="Ray isn't installed")
    monkeypatch.setattr(cluster_module, "_PATIENCE", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="is no cluster of Ray"), connected(address):
            pass


def test_without_ray_the_message_says_what_to_install(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpat.distributed.engines.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'ray"):
        ray_engine(model, None, "local")


def test_nothing_to_do_needs_no_cluster(model: Path) -> None:
    pytest.importorskip("ray", reason="Ray isn't installed")
    assert list(ray_engine(model, None, "nowhere")([])) == []


def processes_with(mark: str) -> list[int]:
    """Processes that were started with such an environment, or by one that was."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in environment:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_ctrl_c_ends_a_local_cluster_and_all_that_it_started(
    model: Path, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray isn't installed")
    mark = uuid.uuid4().hex
    (tmp_path / "videos").mkdir()
    for n in range(30):
        write_video(f"videos/{n}.mp4", pts=range(250), size=(320, 240))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "lpat.cli.detect", str(model), "videos", "--output", "out",
         "--no-cache", "--ray", "local", "--jobs", "1"],
        cwd=tmp_path, env={**os.environ, "LPAT_TEST_MARK": mark}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    results = tmp_path / "out" / "videos"
    wait_until(lambda: process.poll() is not None or any(results.glob("[!.]*.json")))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "raylet" not in out + errors
    wait_until(lambda: not processes_with(mark))
    assert 0 < len(list(results.iterdir())) < 30
