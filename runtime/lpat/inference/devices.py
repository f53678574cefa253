"""Which device a network is to run on, and whether what ONNX Runtime made of it is that.

All of it is decided from what was asked for and from what ONNX Runtime says; `sessions` asks it.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lpat.errors import DeviceError, UsageError

Kind = Literal["auto", "cpu", "cuda", "tensorrt"]

CPU, CUDA, TENSORRT = (
    f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "Tensorrt")
)  # as ONNX Runtime calls them
LONGEST_RUN = 8192 + 2 * 64
"""Snippets of a long video's window with its context: what TensorRT is told to expect at most."""
_USUAL_RUN = 512
_LARGEST_BATCH = 8
Shape = tuple[int, ...]
_PRODUCTS = ("MatMul", "Gemm", "Conv", "TRTKernel")  # parts of the names of such nodes
_TEXT = re.compile(r"(auto|cpu|cuda|tensorrt)(?::(\d{1,3}))?")


@dataclass(frozen=True)
class Device:
    """Where a network is to run. `auto` is the first CUDA device where there is one."""

    kind: Kind
    index: int = 0  # which of the GPUs

    def __str__(self) -> str:
        return self.kind if self.kind in ("auto", "cpu") else f"{self.kind}:{self.index}"


def device_of(text: str) -> Device:
    """A device from `auto`, `cpu`, `cuda`, `cuda:N`, `tensorrt` or `tensorrt:N`.

    Raises:
        UsageError: anything else.
    """
    match = _TEXT.fullmatch(text)
    if match is None or (match[2] and match[1] in ("auto", "cpu")):
        raise UsageError(
            f"expected auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N as device, not {text!r}"
        )
    return Device(match[1], int(match[2] or 0))  # type: ignore[arg-type] - the pattern's kinds


@dataclass(frozen=True)
class Extent:
    """The shapes that an input of a network may have: the smallest, the usual and the largest."""

    smallest: Shape
    usual: Shape
    largest: Shape

    @staticmethod
    def fixed(shape: Shape) -> Extent:
        """The extent of an input that has one shape only."""
        return Extent(shape, shape, shape)


def extents_of_head(dimension: int) -> dict[str, Extent]:
    """The extents of a head's features (B, T, D), by input."""
    shapes = (1, 1), (1, _USUAL_RUN), (_LARGEST_BATCH, LONGEST_RUN)
    return {"features": Extent(*((*shape, dimension) for shape in shapes))}


@dataclass(frozen=True)
class SessionPlan:
    """The provider to ask ONNX Runtime for, CPU being behind it for shapes of arrays.

    `note` says why it isn't the GPU that would have been taken. `required`: nothing else will do.
    """

    provider: str
    note: str | None = None
    required: bool = False

    @property
    def chain(self) -> tuple[str, ...]:
        """Providers in the order in which they may take parts of the network."""
        return (TENSORRT, CUDA) if self.provider == TENSORRT else (self.provider,)


def plan_of(
    device: Device, *, require_gpu: bool, built_in: Sequence[str], gpus: int
) -> SessionPlan:
    """What to ask for, with these providers built into ONNX Runtime and this number of GPUs.

    Raises:
        DeviceError: the device, or any GPU where one is required, isn't there.
        UsageError: a GPU is required, and CPU asked for.
    """
    if device.kind == "cpu":
        if require_gpu:
            raise UsageError("--require-gpu: expected a device other than cpu")
        return SessionPlan(CPU)
    provider = TENSORRT if device.kind == "tensorrt" else CUDA
    required = require_gpu or device.kind != "auto"
    asked = "--require-gpu" if device.kind == "auto" else f"--device {device}"
    if gpus == 0 and required:
        raise DeviceError(f"{asked}: no CUDA device was found")
    if gpus == 0:
        return SessionPlan(CPU)
    if device.index >= gpus:
        last = f"cuda:0 to cuda:{gpus - 1}" if gpus > 1 else "cuda:0 only"
        raise DeviceError(f"{asked}: no such device; there is {last}")
    if provider not in built_in:
        reason = f"this ONNX Runtime is built without {provider} (install onnxruntime-gpu)"
        if required:
            raise DeviceError(f"{asked}: {reason}")
        return SessionPlan(CPU, f"a CUDA device is there, but {reason}")
    return SessionPlan(provider, required=required)


def products_by_provider(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many matrix products ran by each provider, by the events of ONNX Runtime's profile.

    A subgraph that TensorRT took whole counts as one. Nodes of other kinds don't count: those that
    reckon with shapes are left to the CPU on purpose.
    """
    seen: dict[str, tuple[str, str]] = {}
    for event in events:
        arguments = event.get("args", {})
        if event.get("cat") == "Node" and "provider" in arguments:
            seen[event["name"]] = (arguments.get("op_name", ""), arguments["provider"])
    return dict(
        Counter(
            provider
            for operator, provider in seen.values()
            if any(part in operator for part in _PRODUCTS)
        )
    )


def refusal_of(plan: SessionPlan, made: Sequence[str], products: Mapping[str, int]) -> str | None:
    """Why a session isn't what was planned; None where it is.

    `made` are the providers it has, `products` how many matrix products ran by each.
    """
    if not made or made[0] != plan.provider:
        return f"ONNX Runtime could not use {plan.provider}"
    elsewhere = sum(count for name, count in products.items() if name not in plan.chain)
    if elsewhere:
        return (
            f"{elsewhere} of the model's {sum(products.values())} matrix products "
            f"have no kernel for {plan.provider}"
        )
    if plan.provider == TENSORRT and not products.get(TENSORRT):
        return "TensorRT took no part of the model"
    return None


def provider_options(
    provider: str, device: Device, *, extents: Mapping[str, Extent], precision: str, engines: Path
) -> dict[str, str]:
    """How a provider is configured for a network whose inputs have such extents.

    CUDA: cuDNN picks its algorithms by rule, as measuring them for each new length of video costs
    more than they save; memory grows by what is asked for, not to the next power of two; products
    are of float32, not of TF32's ten bits, so that scores are those of a CPU.

    TensorRT: one profile for all lengths, or a new one would be built for minutes on each; engines
    are kept in a folder of the model's own, since they are found by names that models share.
    """
    if provider == CPU:
        return {}
    if provider == CUDA:
        return {
            "device_id": str(device.index),
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
            "use_tf32": "0",
        }

    def profile(kind: Literal["smallest", "usual", "largest"]) -> str:
        shapes = {name: getattr(extent, kind) for name, extent in extents.items()}
        return ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())

    return {
        "device_id": str(device.index),
        "trt_profile_min_shapes": profile("smallest"),
        "trt_profile_opt_shapes": profile("usual"),
        "trt_profile_max_shapes": profile("largest"),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engines),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(engines.parent),
        "trt_fp16_enable": str(int(precision == "float16")),
        "trt_int8_enable": str(int(precision == "int8")),
    }


def cuda_device_count() -> int:
    """CUDA devices that the driver reports; 0 without a driver. Loads no CUDA library."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
