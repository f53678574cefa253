"""What became of the inputs of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from lpat.inputs import Input

Status = Literal["done", "partial", "failed", "skipped"]
STATUSES: tuple[Status, ...] = get_args(Status)

UNCHANGED = "unchanged"
"""Why an input is skipped whose results are there already."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input. The `reason` says why it isn't plainly done."""

    name: str
    path: str
    status: Status
    reason: str | None = None
    duration: float | None = None
    detections: int | None = None  # None where none are known
    decode_failures: int = 0
    provider: str | None = None  # where the network ran, if not in this process
    from_cache: bool = False  # its features were there already
    notes: tuple[str, ...] = ()  # what is worth knowing but no failure
    seconds: Mapping[str, float] = field(default_factory=dict)  # time that each step took

    @property
    def is_unchanged(self) -> bool:
        """Whether it was skipped for its results are there already."""
        return self.status == "skipped" and (self.reason or "").startswith(UNCHANGED)

    def document(self) -> dict[str, Any]:
        """Its JSON value, without what doesn't apply."""
        values = asdict(self)
        empty = [name for name, value in values.items() if value in (None, False, (), {})]
        return {name: value for name, value in values.items() if name not in empty} | {
            "decode_failures": self.decode_failures
        }


def failure(source: Input, error: Exception | str) -> Outcome:
    """The outcome of an input that could not be worked on."""
    return Outcome(source.name, str(source.path), "failed", str(error))
