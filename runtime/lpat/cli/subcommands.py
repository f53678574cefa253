"""lpat: all commands under one name, each loaded when it is asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import click
from click.shell_completion import CompletionItem

from lpat.cli.app import run


@dataclass(frozen=True)
class Subcommand:
    """Where a command is defined, and what it does in a line.

    The module has `command`, and `main()`, which runs it. It is found by its name, as training and
    viewer are packages that this one doesn't know.
    """

    module: str
    help: str

    def load(self) -> ModuleType:
        """The module."""
        return import_module(self.module)


COMMANDS = {
    "train": Subcommand("lpat_train.cli.train", "Train on videos and video-level labels."),
    "export": Subcommand("lpat_train.cli.export", "Write a trained model as one ONNX file."),
    "detect": Subcommand("lpat.cli.detect", "Find actions in any number of videos."),
    "eval": Subcommand("lpat.cli.evaluate", "Judge detections by annotated segments."),
    "view": Subcommand("lpat_viewer.cli", "Show a video over what a model says of it."),
    "extract": Subcommand("lpat.cli.extract", "Store features of videos."),
    "import": Subcommand("lpat.cli.import_features", "Store features that others published."),
    "backbone": Subcommand("lpat_train.cli.backbone", "Make, inspect and check backbones."),
    "demo": Subcommand("lpat_train.cli.demo", "Do all of it on videos that it renders itself."),
    "doctor": Subcommand("lpat.cli.doctor", "Say what is installed, and what really works."),
}
"""By name, in the order of a user's day."""


class Subcommands(click.Group):
    """The commands of the table. Listing and completing their names loads none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        found = COMMANDS.get(cmd_name)
        return None if found is None else found.load().command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command and its line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, its.help) for name, its in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that begin so, then the group's own options."""
        names = [
            CompletionItem(name, help=its.help)
            for name, its in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    "lpat",
    cls=Subcommands,
    invoke_without_command=True,
    epilog="`lpat COMMAND --help` says more of one; `lpat-COMMAND` is the same command.",
)
@click.version_option(package_name="lpat")
@click.pass_context
def command(context: click.Context) -> None:
    """Find when each action happens in a video, having learned from video-level labels."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the subcommand that is named as its own entry point does, under the name typed."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        run(command)
    chosen = COMMANDS[name].load()
    chosen.command.name = f"lpat {name}"
    del sys.argv[1]
    chosen.main()


if __name__ == "__main__":
    main()
