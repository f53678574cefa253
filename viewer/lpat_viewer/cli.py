"""lpat-view: a video over a timeline of what a model says of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from lpat.cli import options
from lpat.cli.app import INTERRUPTED, run
from lpat.errors import LpatError, UsageError, install_advice
from lpat_viewer.windows.platform_check import PlatformCheck, ViewerError, reason_of


@click.command("lpat-view")
@click.argument("inputs", type=options.FILE, nargs=-1)
@click.option(
    "--model", "models", type=options.FILE, multiple=True,
    help="An exported model to run on the video; may be given several times.",
)  # fmt: skip
@click.option(
    "--detections", type=options.FILE, multiple=True, help="A file that lpat-detect wrote."
)
@click.option(
    "--annotations", type=options.FILE,
    help="When actions really happen; with --tag, the file of the tags.  "
    "[with --tag: FOLDER/tags.json]",
)  # fmt: skip
@click.option(
    "--tag", "folder", type=options.FILE, metavar="FOLDER",
    help="Say what each video of a folder shows; a model suggests labels.",
)  # fmt: skip
@options.device
@options.backbone
@options.cache_options
@click.version_option(package_name="lpat")
def command(
    inputs: tuple[Path, ...],
    models: tuple[Path, ...],
    detections: tuple[Path, ...],
    annotations: Path | None,
    folder: Path | None,
    device: str,
    backbone_paths: tuple[Path, ...],
    cache_folder: Path | None,
    no_cache: bool,
) -> int:
    """Show a video over what models, detections files and annotations say of it.

    INPUTS are a video or a folder of videos; models (.onnx), detections and annotations (.json,
    .csv, .eaf and others of docs/formats.md) may stand among them. All can be opened from the
    window too, and dropped on it.

    With --tag FOLDER, videos without annotations get their tags, for lpat-train to learn from.
    """
    if folder is not None and (inputs or detections or len(models) > 1):
        raise UsageError("--tag: expected nothing beside it but --annotations and one --model")
    check = PlatformCheck()
    try:
        from PySide6.QtWidgets import QApplication

        from lpat_viewer.program import Program
        from lpat_viewer.tagging.opening import open_folder
        from lpat_viewer.windows.interrupting import Interrupts
        from lpat_viewer.windows.settings import Settings
    except ModuleNotFoundError as error:
        check.stop()
        raise ViewerError(
            f"there is no {error.name}: install the viewer's packages, {install_advice('viewer')}"
        ) from error
    except ImportError as error:
        check.stop()
        raise ViewerError(reason_of(error)) from error
    check.finish()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("lpat-view")
    application.setOrganizationName("lpat")
    application.setDesktopFileName("lpat-view")
    cache = options.cache_from(cache_folder, no_cache)
    # Each of several models takes those that it needs.
    backbones = replace(options.backbones_from(backbone_paths), for_others=True)
    program = Program(Settings(), cache=cache, device=device, backbones=backbones)
    try:
        if folder is not None:
            program.open_tagging(open_folder(folder, annotations), *models)
        else:
            # The video comes last, so that it finds what is said of it.
            named = [*([annotations] if annotations else []), *detections, *models, *inputs]
            program.show(named)
    except LpatError:
        program.end()
        raise
    interrupts = Interrupts(program)
    try:
        code = application.exec()
        return INTERRUPTED if interrupts.closed_window else code
    finally:
        interrupts.close()
        program.end()


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
