"""docs/backbones.md as a recipe: its code and commands are run, and its table is looked up."""

import re
import shlex
from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lpat.backbones.metadata import BackboneMetadata
from lpat.cli import detect
from lpat.files.atomic import write_text
from lpat.formats.detections import read_detections
from lpat_train.cli import backbone, export, train

PAGE = Path(__file__).resolve().parents[3] / "docs" / "backbones.md"
COMMANDS = {
    "lpat-backbone": backbone.command,
    "lpat-train": train.command,
    "lpat-export": export.command,
    "lpat-detect": detect.command,
}
QUICK = {
    "lpat-train": (
        "--steps",
        "8",
        "--hidden",
        "16",
        "--device",
        "cpu",
        "--no-cache",
        "--no-report",
    ),
    "lpat-detect": ("--device", "cpu", "--no-cache"),
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)


@pytest.fixture
def in_folder(tmp_path: Path, write_video, monkeypatch) -> Path:
    """A folder with videos and tags, as a reader of the page has."""
    monkeypatch.chdir(tmp_path)
    rows = ["video,labels"]
    for folder in ("videos", "new_videos"):
        (tmp_path / folder).mkdir()
        for number, luma in enumerate((60, 180)):
            name = f"{folder[0]}{number}"
            pictures = [np.full((48, 64, 3), luma + n % 20, np.uint8) for n in range(60)]
            write_video(f"{folder}/{name}.mp4", pts=range(60), pictures=pictures)
            rows += [f"{name},{('dark', 'bright')[number]}"] if folder == "videos" else []
    write_text(tmp_path / "tags.csv", "\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the exporter's own
def test_the_ten_minutes_go_as_the_page_says(in_folder: Path) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(  # in the place of one that would have to be downloaded
        torch.nn.Conv2d(3, 8, 7, stride=4),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
    )
    _, exporting = blocks("python")
    exec(exporting, {"network": network})
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        name, *words = shlex.split(line)
        done = CliRunner().invoke(
            COMMANDS[name], [*words, *QUICK.get(name, ())],
            standalone_mode=False, catch_exceptions=False,
        )  # fmt: skip
        assert done.return_value == 0, (line, done.output)
    assert list(read_detections(in_folder / "detections" / "detections.json")) == ["n0", "n1"]


def test_the_table_has_every_field_and_its_default() -> None:
    text = PAGE.read_text("utf-8").split("## What is in the metadata")[1]
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    told = {
        name: default.strip() for names, default in rows for name in re.findall(r"`(\w+)`", names)
    }
    assert told.pop("schema") == ""
    for field in fields(BackboneMetadata):
        default = told.pop(field.name)
        if field.default is MISSING:
            assert default == ""
        elif isinstance(field.default, str):
            assert default == f"`{field.default}`"
        elif isinstance(field.default, tuple):
            assert default == str([*field.default])
        else:
            assert float(default) == field.default
    assert not told
