"""lpat-export: one ONNX file from a training run."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from lpat.cli import options
from lpat.cli.app import DONE
from lpat_train.cli import launch


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
@click.version_option(package_name="lpat")
def command(model: Path, run_folder: Path) -> int:
    """Write the trained localizer of a run to MODEL, one .onnx file.

    The file holds the network, its classes, the features it needs and the post-processing. It is
    compared with the trained network before it takes its place.
    """
    from lpat_train.checkpoint import read_run
    from lpat_train.export import COMPARED_LENGTHS, export, metadata_of
    from lpat_train.loop import load_network

    run = read_run(run_folder)
    difference = export(load_network(run), metadata_of(run), model)
    lengths = ", ".join(map(str, COMPARED_LENGTHS))
    print(f"{model}: {len(run.classes)} classes, {model.stat().st_size / 1e6:.1f} MB")
    print(f"torch and ONNX Runtime differ by at most {difference:.1e} (T = {lengths})")
    print(f"next: lpat-detect {shlex.quote(str(model))} VIDEO_OR_FOLDER --output detections")
    return DONE


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "onnx", "onnxscript")


if __name__ == "__main__":
    main()
