"""Prints the lowest versions that pyproject.toml allows, as constraints for pip.

Those of all that the package itself needs here, and of extras: `lowest.py EXTRA...`.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(line: str) -> str | None:
    """`name==version` of a requirement's lower bound; None of one that isn't for this machine."""
    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    bounds = [one.version for one in requirement.specifier if one.operator == ">="]
    if len(bounds) != 1:
        raise SystemExit(f"{PROJECT.name}: expected a lower bound, as in name>=1.0, not {line!r}")
    return f"{requirement.name}=={bounds[0]}"


def main() -> None:
    """Print a line for each requirement."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in sys.argv[1:] for line in extras[name])]
    print("\n".join(constraint for line in lines if (constraint := lowest(line)) is not None))


if __name__ == "__main__":
    main()
