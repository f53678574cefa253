"""The compiled extension, or word of how to build it. All other modules import it from here."""

try:
    from lpat._core import (  # pyright: ignore[reportMissingModuleSource]
        Runs,
        average_precisions,
        best_overlaps,
        extract_segments,
        first_ranks,
        match_detections,
        mean_over_classes,
    )
except ImportError as error:
    raise ImportError(
        "lpat's compiled extension is missing: run `pip install .` in the source folder "
        f"(needs a C++20 compiler) [{error}]",
        name="lpat._core",
    ) from error

__all__ = [
    "Runs",
    "average_precisions",
    "best_overlaps",
    "extract_segments",
    "first_ranks",
    "match_detections",
    "mean_over_classes",
]
