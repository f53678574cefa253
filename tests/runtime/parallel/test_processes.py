"""Work in several processes."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
import weakref
from pathlib import Path

import pytest
from tests.waiting import PATIENCE, wait_until

from lpat.errors import LpatError, UsageError, WorkerError
from lpat.files.atomic import write_text
from lpat.parallel.processes import give_back_memory, run_all

HOUR = 3600.0


def square(number: int) -> int:
    if number < 0:
        raise UsageError(f"{number} is negative")
    return number * number


def die(number: int) -> int:
    if number == 1:
        os._exit(9)
    return number


def die_once(path: Path) -> int:
    if path.name == "two" and not path.exists():
        path.touch()
        os._exit(9)
    return len(path.name)


def tell_and_sleep(path: Path) -> None:
    write_text(path, str(os.getpid()))
    time.sleep(HOUR)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # one that ended may wait there to be collected
    return not (stat.exists() and stat.read_text(encoding="utf-8").split(")")[1].split()[0] == "Z")


def sleep_long(number: int) -> int:
    time.sleep(HOUR if number else 0)
    return number


def interrupts_are_blocked(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_is_done_and_an_error_stands_in_its_place(jobs: int) -> None:
    results = dict(run_all(square, [1, -2, 3, 4, 5, 6, 7], jobs))
    assert isinstance(results.pop(-2), UsageError)
    assert results == {1: 1, 3: 9, 4: 16, 5: 25, 6: 36, 7: 49}


def test_nothing_to_do_gives_nothing() -> None:
    assert list(run_all(square, [], 4)) == []


def test_a_worker_that_dies_fails_only_what_it_worked_on() -> None:
    results = dict(run_all(die, [0, 1, 2, 3], 2))
    failure = results.pop(1)
    assert isinstance(failure, WorkerError)
    assert "died twice" in str(failure)
    assert results == {0: 0, 2: 2, 3: 3}


def test_what_a_worker_died_of_once_is_done_the_second_time(tmp_path: Path) -> None:
    results = dict(run_all(die_once, [tmp_path / "one", tmp_path / "two", tmp_path / "three"], 2))
    assert results == {tmp_path / "one": 3, tmp_path / "two": 3, tmp_path / "three": 5}


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a signal")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    module = "tests.runtime.parallel.test_processes"
    code = f"from {module} import *; list(run_all(tell_and_sleep, PATHS, 2))"
    code = code.replace("PATHS", f"[Path({str(tmp_path)!r}) / name for name in 'ab']")
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: len(list(tmp_path.glob("?"))) == 2)
    process.kill()
    process.wait()
    for path in tmp_path.glob("?"):
        wait_until(lambda path=path: not is_running(int(path.read_text(encoding="utf-8"))))


def test_leaving_early_ends_the_workers_at_once() -> None:
    start = time.monotonic()
    results = run_all(sleep_long, [0, 1, 2], 2)
    assert next(results) == (0, 0)
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < PATIENCE


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="the system has no signal masks")
def test_an_interrupt_cannot_hit_a_worker_that_is_still_starting() -> None:
    results = run_all(interrupts_are_blocked, [0, 1], 2)
    assert next(results)[1] is True
    assert not interrupts_are_blocked(0), "the parent itself stays open to interrupts"
    assert [blocked for _, blocked in results] == [True]


class Ring:
    """Holds itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_holds_itself_is_freed_at_once() -> None:
    enabled = gc.isenabled()
    gc.disable()
    try:
        gone = weakref.ref(Ring())
        assert gone() is not None
        give_back_memory()
        assert gone() is None
    finally:
        if enabled:
            gc.enable()


# Where workers can't start


def run_script(
    script: str, folder: Path, *, piped: bool = False
) -> subprocess.CompletedProcess[str]:
    """A program that was typed into a file, or is piped into Python."""
    path = folder / "program.py"
    path.write_text(script, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-" if piped else str(path)],
        input=script if piped else "", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["no file", "no guard"])
def test_workers_that_cannot_start_are_told_from_those_that_died(
    fault: str, tmp_path: Path
) -> None:
    guard = 'if __name__ == "__main__":\n    ' if fault == "no file" else ""
    script = (
        "import math\nfrom lpat.parallel.processes import run_all\n"
        f"{guard}print(list(run_all(math.sqrt, [1.0, 4.0, 9.0], 2)))\n"
    )
    done = run_script(script, tmp_path, piped=fault == "no file")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "lpat.errors.WorkerError: the processes that were to work could not start"
    )
    assert "memory" not in last
    assert done.stdout == ""


def squares_and_warnings(numbers: list[int]) -> tuple[dict[int, int | LpatError], list[str]]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        results = dict(run_all(square, numbers, 2))
    return results, [str(warning.message) for warning in told]


def test_a_daemon_does_everything_itself_and_warns() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        results, (told,) = pool.apply(squares_and_warnings, ([1, 2, 3],))
    assert results == {1: 1, 2: 4, 3: 9}
    assert told == (
        "a daemonic process, as of multiprocessing.Pool, can't start others: jobs=1 is used"
    )
