"""A process's part of a batch, and how the parts of all become the batch again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional


@dataclass(frozen=True)
class Share:
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


def whole_output(output: Any, share: Share, unread: Collection[str] = ()) -> Any:
    """A network's output on a share, a named tuple, as that of the whole batch.

    Its fields are tensors (B, ...), or named tuples of them. The gradient comes back to the share
    alone. Fields in `unread` are not exchanged.
    """
    fields = output._asdict()
    exchanged = [name for name in fields if name not in unread]
    return output._replace(**{name: _whole(fields[name], share) for name in exchanged})


def whole_rows(own: Tensor, share: Share) -> Tensor:
    """The rows (B, ...) of the whole batch; the gradient comes back to the share's alone."""
    return _WholeBatch.apply(own, share)  # type: ignore[return-value]


def _whole(value: Any, share: Share) -> Any:
    return whole_output(value, share) if isinstance(value, tuple) else whole_rows(value, share)


class _WholeBatch(torch.autograd.Function):
    """Rows of all processes; each computes the same losses of them, so gradients stay at home."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, share: Share) -> Tensor:
        """All rows (B, ...) from the share's."""
        ctx.share = share
        missing = max(share.sizes) - len(own)
        padded = functional.pad(own, (0, 0) * (own.ndim - 1) + (0, missing)).contiguous()
        parts = [torch.empty_like(padded) for _ in share.sizes]
        distributed.all_gather(parts, padded)
        rows = [part[:size] for part, size in zip(parts, share.sizes, strict=True)]
        return torch.cat(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The share's rows of the gradient."""
        (gradient,) = gradients
        return gradient[ctx.share.rows], None
