"""lpat-export: one ONNX file from a training run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from lpat.cli import options
from lpat.cli.app import DONE, note
from lpat.errors import UsageError
from lpat_train.cli import launch

if TYPE_CHECKING:
    from lpat.backbones.files import Backbone
    from lpat.backbones.search import Backbones
    from lpat.features.cache import FeatureCache
    from lpat.inputs import Input
    from lpat.model.metadata import Precision
    from lpat.types import Features, FeatureSpec
    from lpat_train.training.checkpoint import Run


@click.command("lpat-export")
@click.argument("model", type=options.FILE)
@click.option(
    "--run",
    "run_folder",
    type=options.FILE,
    default=Path("runs/latest"),
    show_default=True,
    help="Folder of the training run.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16", "int8"]),
    default="float32",
    show_default=True,
    help="What hidden layers multiply in. What it costs is printed.",
)
@click.option(
    "--calibrate",
    type=options.FILE,
    multiple=True,
    help="Training videos or features, or a folder of them: int8 is fitted to them, and the cost "
    "measured on them. May be given several times.",
)
@click.option(
    "--annotations",
    type=options.FILE,
    default=None,
    help="Segments of those videos, for the cost in mAP.",
)
@click.option(
    "--bundle", is_flag=True, help="Put the backbones that the model needs into the file too."
)
@options.backbone
@options.cache_options
@click.version_option(package_name="lpat")
def command(
    model: Path,
    run_folder: Path,
    precision: Precision,
    calibrate: tuple[Path, ...],
    annotations: Path | None,
    bundle: bool,
    backbone_paths: tuple[Path, ...],
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Write the trained localizer of a run to MODEL, one .onnx file.

    The file holds the network, its classes, the features it needs and the post-processing; with
    --bundle also the backbones that make these. It is compared with the trained network before it
    takes its place.
    """
    from lpat.annotations.reading import read_annotations
    from lpat.inputs import find_inputs
    from lpat_train.export.onnx_export import (
        COMPARED_LENGTHS,
        check_name,
        export,
        export_reduced,
        metadata_of,
    )
    from lpat_train.training.checkpoint import read_run
    from lpat_train.training.loop import load_network

    check_name(model)
    _check_usage(precision, calibrate, annotations)
    if backbone_paths and not bundle and not calibrate:
        raise UsageError("--backbone: expected --bundle too")
    run = read_run(run_folder)
    backbones = options.backbones_from(backbone_paths)
    brought = _backbones_of(run, backbones) if bundle else ()
    network, metadata = load_network(run), replace(metadata_of(run), precision=precision)
    if run.config.end_steps and network.ends is None:
        print(
            f"{run_folder}: no ends were learned: it found nothing to learn them from, or was "
            "stopped before; lpat-train --resume goes on with it",
            file=sys.stderr,
        )
    with TemporaryDirectory(prefix="lpat-") as folder:
        head = Path(folder) / "head.onnx" if brought else model
        if precision == "float32":
            difference = export(network, metadata, head)
            lengths = ", ".join(map(str, COMPARED_LENGTHS))
            lines = [f"torch and ONNX Runtime differ by at most {difference:.1e} (T = {lengths})"]
        else:
            truth = read_annotations(annotations).videos if annotations else None
            cache = options.cache_from(cache_folder, no_cache)
            sources = find_inputs(calibrate, tell=note)
            videos = partial(_features_of, sources, run.spec, cache, backbones) if sources else None
            lines = export_reduced(network, metadata, head, videos, truth).lines()
        if brought:
            from lpat_train.export.bundle import write_bundle

            difference = write_bundle(head, brought, model)
            lines += [f"with backbone {backbone.title}" for backbone in brought]
            lines += [f"it and the separate files differ by at most {difference:.1e}"]
    kind = "" if precision == "float32" else f", {precision}"
    print(f"{model}: {len(run.classes)} classes{kind}, {model.stat().st_size / 1e6:.1f} MB")
    print("\n".join(lines))
    print(f"next: lpat-detect {shlex.quote(str(model))} VIDEO_OR_FOLDER --output detections")
    return DONE


def _check_usage(
    precision: Precision, calibrate: tuple[Path, ...], annotations: Path | None
) -> None:
    if precision == "int8" and not calibrate:
        raise UsageError("--precision int8: expected --calibrate with videos or features too")
    if precision == "float32" and calibrate:
        raise UsageError("--calibrate: expected --precision float16 or int8 too")
    if annotations and not calibrate:
        raise UsageError("--annotations: expected --calibrate with the videos too")


def _backbones_of(run: Run, backbones: Backbones) -> tuple[Backbone, ...]:
    from lpat.backbones.spec import part_of_backbones

    part = part_of_backbones(run.spec)
    if part is None:
        raise UsageError(f"--bundle: {run.spec.extractor} features need no backbone; leave it out")
    return backbones.find(part)


def _features_of(
    sources: Sequence[Input], spec: FeatureSpec, cache: FeatureCache | None, backbones: Backbones
) -> Iterator[tuple[str, Features]]:
    from lpat.features.extraction import load_features

    for source in sources:
        yield source.name, load_features(source, spec, cache, backbones).features.load()


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "onnx", "onnxscript")


if __name__ == "__main__":
    main()
