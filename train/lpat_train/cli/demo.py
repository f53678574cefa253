"""lpat-demo: the whole path on videos that it renders itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lpat.cli import options
from lpat.cli.app import DONE
from lpat_train.cli import launch

if TYPE_CHECKING:
    from lpat_train.demo.plan import Kind


@click.command("lpat-demo")
@click.argument("folder", type=options.FILE, default=Path("demo"))
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=0,
    show_default=True,
    help="Of the videos and of training.",
)
@click.option(
    "--training",
    type=click.IntRange(4),
    default=28,
    show_default=True,
    help="Videos to learn from.",
)
@click.option(
    "--test",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help="Videos to find actions in.",
)
@click.option(
    "--kind",
    type=click.Choice(["motion", "appearance"]),
    default="motion",
    show_default=True,
    help="What tells the classes apart: how something moves, or what it is.",
)
@options.features
@click.version_option(package_name="lpat")
def command(
    folder: Path, seed: int, training: int, test: int, kind: Kind, features: str | None
) -> int:
    """Render short videos, learn from their tags alone, and find the actions in others.

    Runs lpat-train, lpat-export, lpat-detect and lpat-eval, shows each line, and writes
    FOLDER/report.html: per test video the class scores, the predicted threshold, detections and
    truth. Takes a few minutes; no network, no GPU, no threshold.
    """
    from lpat_train.cli.demo_run import run_demo
    from lpat_train.demo.plan import Recipe

    recipe = Recipe(seed=seed, kind=kind)
    if features is None and kind == "appearance":
        features = "motion+appearance"
    more = () if features is None else ("--features", features)
    run_demo(folder, training=training, test=test, recipe=recipe, train_options=more)
    return DONE


def main() -> None:
    """Entry point."""
    launch.run(command, "torch", "onnx", "onnxscript", "tensorboard")


if __name__ == "__main__":
    main()
