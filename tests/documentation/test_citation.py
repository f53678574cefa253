"""What CITATION.cff says is what pyproject.toml and README say; `nox -s docs` checks its form."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_version_to_cite_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.findall(r"^version: (.+)$", CITATION, re.MULTILINE) == [project["version"]]


def test_the_paper_to_cite_is_the_readmes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    entry = re.search(r"^@article\{.*?^\}", readme, re.MULTILINE | re.DOTALL)
    assert entry is not None
    fields = dict(re.findall(r"^ +(\w+) += \{(.*)\}", entry[0], re.MULTILINE))
    _, paper = CITATION.split("preferred-citation:")
    given = re.findall(r"given-names: (.+)\n +family-names: (.+)", paper)
    assert fields["author"] == " and ".join(f"{family}, {name}" for name, family in given)
    assert f'title: "{fields["title"].replace("{", "").replace("}", "")}"' in paper
    assert f"journal: {fields['journal']}\n" in paper
    assert f"year: {fields['year']}\n" in paper
