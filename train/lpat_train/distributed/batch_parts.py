"""A process's part of a batch, and how the parts of all become the batch again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional


@dataclass(frozen=True)
class BatchPart:
    """The rows of a batch that process `rank` computes; `sizes` says how many each process has."""

    rank: int
    sizes: tuple[int, ...]

    @property
    def rows(self) -> slice:
        """This process's rows."""
        start = sum(self.sizes[: self.rank])
        return slice(start, start + self.sizes[self.rank])

    @property
    def total(self) -> int:
        """Rows of the whole batch."""
        return sum(self.sizes)

    def drawn(self, draw: Callable[[int], Tensor]) -> Tensor:
        """Random numbers of these rows, as one process draws them for the whole batch."""
        return draw(self.total)[self.rows]


def whole_output(output: Any, part: BatchPart, unread: Collection[str] = ()) -> Any:
    """A network's output on a part, a named tuple, as that of the whole batch.

    Its fields are tensors (B, ...), or named tuples of them. The gradient comes back to the part
    alone. Fields in `unread` are not exchanged.
    """
    fields = output._asdict()
    exchanged = [name for name in fields if name not in unread]
    return output._replace(**{name: _whole(fields[name], part) for name in exchanged})


def whole_rows(own: Tensor, part: BatchPart) -> Tensor:
    """The rows (B, ...) of the whole batch; the gradient comes back to the part's alone."""
    return _WholeBatch.apply(own, part)  # type: ignore[return-value]


def _whole(value: Any, part: BatchPart) -> Any:
    return whole_output(value, part) if isinstance(value, tuple) else whole_rows(value, part)


class _WholeBatch(torch.autograd.Function):
    """Rows of all processes; each computes the same losses of them, so gradients stay at home."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, part: BatchPart) -> Tensor:
        """All rows (B, ...) from the part's."""
        ctx.part = part
        missing = max(part.sizes) - len(own)
        sent = functional.pad(own, (0, 0) * (own.ndim - 1) + (0, missing)).contiguous()
        received = [torch.empty_like(sent) for _ in part.sizes]
        distributed.all_gather(received, sent)
        rows = [padded[:size] for padded, size in zip(received, part.sizes, strict=True)]
        return torch.cat(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The part's rows of the gradient."""
        (gradient,) = gradients
        return gradient[ctx.part.rows], None
