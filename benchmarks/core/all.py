"""How fast the C++ core is, each part beside a named baseline in the same run.

    python -m benchmarks.core.all [--full]

Segments beside a plain copy of the scores and NumPy, non-maximum suppression beside the plain
quadratic loop in C++, average precision beside pandas; then how judging grows, and what memory it
takes. The parts can be run alone: benchmarks.core.segments, .suppression and .average_precision.
"""

from __future__ import annotations

import argparse
import os
import platform

from benchmarks.core import average_precision, segments, suppression


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--full", action="store_true", help="pandas judges all of ActivityNet's classes"
    )
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print("\nSegments from scores")
    segments.report()
    print("\nNon-maximum suppression of one class at tIoU 0.5")
    suppression.report(0.5, suppression.COUNTS)
    print("\nMean average precision")
    average_precision.report(options.full, average_precision.GROWTH[-1].detections)


if __name__ == "__main__":
    main()
