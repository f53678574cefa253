"""lpat-view: a video over a timeline of what a model says of it."""

from __future__ import annotations

import click

from lpat.cli.app import run


@click.command("lpat-view")
@click.version_option(package_name="lpat")
def command() -> int:
    """Open the viewer."""
    return 0


def main() -> None:
    """Entry point."""
    run(command)


if __name__ == "__main__":
    main()
