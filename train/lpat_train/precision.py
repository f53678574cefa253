"""Matrix products in bfloat16, everything else in float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lpat.errors import DeviceError
from lpat_train.config import Precision


def computes_in_bfloat16(precision: Precision, device: torch.device) -> bool:
    """What a precision means on a device: `auto` is bfloat16 on CUDA devices made for it.

    Raises:
        DeviceError: bfloat16 was asked for, and the CUDA device isn't made for it.
    """
    if precision == "float32" or (precision == "auto" and device.type != "cuda"):
        return False
    able = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bfloat16" and not able:
        raise DeviceError("precision bfloat16: this CUDA device isn't made for it; use float32")
    return able


@contextmanager
def bfloat16_products(network: nn.Module, device: torch.device) -> Iterator[None]:
    """A block in which the network's linear layers and convolutions multiply in bfloat16.

    What they give is float32 again at once: gates, softmaxes, pooling and all losses see no other,
    and neither do products that a network forms of what its layers gave.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv1d)]
    for layer in layers:
        layer.forward = _in_bfloat16(layer.forward, device.type)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is there again


def _in_bfloat16(forward: Callable[..., Tensor], device: str) -> Callable[..., Tensor]:
    def multiplied(values: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16):
            return forward(values).float()

    return multiplied
