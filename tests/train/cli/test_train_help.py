"""The help of lpat-train: ten options first, and every other where it belongs."""

from dataclasses import fields

from click.testing import CliRunner

from lpat_train.cli.train import command
from lpat_train.cli.train_groups import GROUPS
from lpat_train.config import TrainingConfig


def test_ten_options_come_first() -> None:
    shown = CliRunner().invoke(command, ["--help"], terminal_width=100).output
    titles = [line[:-1] for line in shown.splitlines() if line[:1].strip() and line.endswith(":")]
    assert titles == [*GROUPS, "Other"]
    first = shown.partition(f"{titles[0]}:\n")[2].partition("\n\n")[0]
    options = [line.split()[0] for line in first.splitlines() if line.startswith("  --")]
    assert len(options) == 10
    assert options[:3] == ["--annotations", "--output", "--preset"]


def test_every_setting_of_the_config_has_one_title() -> None:
    placed = [name for names in GROUPS.values() for name in names]
    assert len(placed) == len(set(placed))
    assert {entry.name for entry in fields(TrainingConfig)} <= set(placed)
