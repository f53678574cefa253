"""Every check, side by side: what `make test` runs. `nox -s NAME` runs one of them alone.

Installing keeps one core busy, so the C++ checks, which need nothing of it, begin beside it. The
Python tests have a process for each core. Beside them the other checks run one after another, as
some go on from what others have built. What a check prints is shown once it has ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

NOX = (str(Path(sys.executable).with_name("nox")), "--no-venv")
INSTALL = "installation"
LONGEST = "tests"
NEEDS_NO_INSTALLATION = "cpp"


@dataclass(frozen=True)
class Check:
    """A check that has ended."""

    name: str
    code: int
    seconds: float

    def __str__(self) -> str:
        return f"{'ok' if self.code == 0 else 'FAILED':6} {self.seconds:5.0f} s  {self.name}"


def names() -> list[str]:
    """Those that nox runs unless others are named, in its order."""
    listed = subprocess.run([*NOX, "--list-sessions", "--json"], check=True, capture_output=True)
    return [session["session"] for session in json.loads(listed.stdout)]


def run(name: str) -> Check:
    """Run one, and print what it printed."""
    command = ["make", ".venv/.dev"] if name == INSTALL else [*NOX, "--session", name]
    print(f"{name} begins\n", end="", flush=True)
    start = time.monotonic()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    check = Check(name, done.returncode, time.monotonic() - start)
    print(f"\n{done.stdout}\n{check}\n\n", end="", flush=True)
    return check


def main() -> int:
    """The exit code of the worst."""
    interrupted = threading.Event()

    def run_each(*queue: str) -> list[Check]:
        return [run(name) for name in queue if not interrupted.is_set()]

    start = time.monotonic()
    others = [name for name in names() if name not in (LONGEST, NEEDS_NO_INSTALLATION)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            queues = [pool.submit(run_each, NEEDS_NO_INSTALLATION)]
            checks = run_each(INSTALL)
            if checks[0].code == 0:
                queues += [pool.submit(run_each, LONGEST), pool.submit(run_each, *others)]
            checks += [check for queue in queues for check in queue.result()]
        except KeyboardInterrupt:
            interrupted.set()
            raise
    print(*checks, f"{time.monotonic() - start:12.0f} s  together", sep="\n")
    return max(check.code for check in checks)


if __name__ == "__main__":
    sys.exit(main())
