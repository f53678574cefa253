"""How long the package's import and the commands' help take, each in a process of its own.

    python -m benchmarks.commands.startup

The baseline is an interpreter that does nothing, in the same run.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 7
CASES = {
    "python alone (baseline)": ["-c", ""],
    "import lpat": ["-c", "import lpat"],
    "import lpat.types (numpy)": ["-c", "import lpat.types"],
    "lpat-detect --help": ["-m", "lpat.cli.detect", "--help"],
    "lpat-eval --help": ["-m", "lpat.cli.evaluate", "--help"],
    "lpat-extract --help": ["-m", "lpat.cli.extract", "--help"],
    "lpat-view --help": ["-m", "lpat_viewer.cli", "--help"],
    "lpat-train --help": ["-m", "lpat_train.cli.train", "--help"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    baseline = 0.0
    for name, arguments in CASES.items():
        seconds(arguments)  # once for the file system
        median = statistics.median(seconds(arguments) for _ in range(ROUNDS))
        baseline = baseline or median
        print(f"{name:28} {median:6.3f} s   {median - baseline:+6.3f} s over the baseline")


if __name__ == "__main__":
    main()
