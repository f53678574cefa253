"""The compiled extension, or word of how to build it. All other modules import it from here."""

try:
    from lpat._core import (  # pyright: ignore[reportMissingModuleSource]
        ComponentTree,
        LevelSets,
        Proposals,
        Runs,
        average_precision_ranges,
        average_precisions,
        best_overlaps,
        component_tree,
        dis,
        dis_instruction_sets,
        dis_of_pair,
        extract_components,
        extract_level_sets,
        extract_segments,
        first_ranks,
        fit_segments,
        match_detections,
        mean_over_classes,
        propose_segments,
        select_components,
        soften,
        suppress,
        tvl1,
        tvl1_instruction_sets,
    )
except ImportError as error:
    raise ImportError(
        "lpat's compiled extension is missing: run `pip install .` in the source folder "
        f"(needs a C++20 compiler) [{error}]",
        name="lpat._core",
    ) from error

__all__ = [
    "ComponentTree",
    "LevelSets",
    "Proposals",
    "Runs",
    "average_precision_ranges",
    "average_precisions",
    "best_overlaps",
    "component_tree",
    "dis",
    "dis_instruction_sets",
    "dis_of_pair",
    "extract_components",
    "extract_level_sets",
    "extract_segments",
    "first_ranks",
    "fit_segments",
    "match_detections",
    "mean_over_classes",
    "propose_segments",
    "select_components",
    "soften",
    "suppress",
    "tvl1",
    "tvl1_instruction_sets",
]
