"""`lpat NAME` does what `lpat-NAME` does, and loads nothing before it knows which."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lpat import __version__
from lpat.cli.subcommands import COMMANDS, command

PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


def typed(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lpat.cli.subcommands", *words],
        capture_output=True, text=True, check=False, env={**os.environ, **variables},
    )  # fmt: skip


def test_every_command_of_a_name_of_its_own_is_a_subcommand_too() -> None:
    scripts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts.pop("lpat") == "lpat.cli.subcommands:main"
    expected = {f"lpat-{name}": f"{its.module}:main" for name, its in COMMANDS.items()}
    del expected["lpat-doctor"]
    assert scripts == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_the_module_of_each_has_what_is_run(name: str) -> None:
    module = COMMANDS[name].load()
    assert module.command.name == f"lpat-{name}"
    assert callable(module.main)


def test_the_help_lists_each_in_the_order_of_a_day_and_loads_none(
    modules_loaded_by_help: Callable[[str], set[str]],
) -> None:
    loaded = modules_loaded_by_help("lpat.cli.subcommands")
    assert not {"numpy", "lpat_train", "lpat_viewer", "lpat.cli.detect"} & loaded
    listed = CliRunner().invoke(command, ["--help"]).output.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.split("\n\n")[0].splitlines()] == list(COMMANDS)
    assert CliRunner().invoke(command, []).output == CliRunner().invoke(command, ["--help"]).output


def test_a_subcommand_goes_by_the_words_that_were_typed(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.json"
    done = typed("eval", str(missing), str(missing))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"lpat eval: error: {missing}: no such file\n"
    assert typed("eval", "--help").stdout.startswith("Usage: lpat eval [OPTIONS] ANNOTATIONS")
    assert typed("eval", "--toiu", "1").stderr.endswith("(see lpat eval --help)\n")


def test_exit_codes_are_those_of_the_subcommand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert typed("--version").stdout == f"lpat, version {__version__}\n"
    assert typed("extract", str(tmp_path / "file"), "--output", str(tmp_path)).returncode == 1
    assert typed("backbone", "inspect", "--help").returncode == 0
    wrong = typed("trian")
    assert (wrong.returncode, "No such command 'trian'" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lpat e", {"export", "eval", "extract"}),
        ("lpat --v", {"--version"}),
        ("lpat detect --false", {"--false-alarms"}),
        ("lpat backbone con", {"convert"}),
    ],
)
def test_shells_complete_names_and_options(words: str, expected: set[str]) -> None:
    number = str(len(words.split()) - 1)
    done = typed(_LPAT_COMPLETE="bash_complete",
                 COMP_WORDS=words, COMP_CWORD=number)  # fmt: skip
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected
