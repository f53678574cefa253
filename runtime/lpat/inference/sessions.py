"""Networks loaded by ONNX Runtime on the device that was asked for, and on no other.

ONNX Runtime falls back to the CPU by itself in three places: where a provider can't be made, where
a run fails, and, node by node, where a provider lacks a kernel. The first is looked at, the second
shut, and the third found by the profile of one run; so `Session.provider` is what really computes.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import io
import json
import re
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lpat.errors import DeviceError, ModelError
from lpat.files.folders import claim_folder
from lpat.inference.devices import (
    CPU,
    TENSORRT,
    Device,
    Extent,
    SessionPlan,
    cuda_device_count,
    plan_of,
    products_by_provider,
    provider_options,
    refusal_of,
)
from lpat.parallel.processes import available_cores

if TYPE_CHECKING:
    import onnxruntime

_BUNDLES: weakref.WeakValueDictionary[tuple[str, int], onnxruntime.InferenceSession] = (
    weakref.WeakValueDictionary()
)
_NEWER = re.compile(r"Unsupported model IR version|official released onnx opset")
_SOURCE_LINE = re.compile(
    r"^(\[ONNXRuntimeError\] : \d+ : \w+ : )?(([^/]*: )?/\S+:\d+ .*?\) (?=[A-Z]))?"
)
_MISSING = re.compile(r"Failed to load (\S+?):")


@dataclass(frozen=True, eq=False)
class Session:
    """A network loaded where `provider` says; `note` says why not where it might have been."""

    runtime: onnxruntime.InferenceSession
    provider: str
    note: str | None = None

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Any]) -> list[Any]:
        """Outputs by name, as arrays.

        Raises:
            DeviceError: the GPU fails, as for want of memory; nothing else takes its place.
            ModelError: the network can't be computed.
        """
        try:
            return list(self.runtime.run(list(outputs), dict(inputs)))
        except Exception as error:  # the kinds it raises share no base
            if self.provider == CPU:
                raise ModelError(f"the model can't be computed: {_reason(error)}") from error
            raise DeviceError(f"{self.provider}: {_reason(error)}") from error


def load_on_cpu(
    content: bytes, *, optimised: bool = True, threads: int = 0, steady: bool = False
) -> onnxruntime.InferenceSession:
    """A model's network on the CPU, where any model of ours can be loaded.

    What isn't `optimised` is loaded at once, for whoever wants to know what is in the file. So many
    `threads` run it; 0 are one per core. `steady`: its inputs have the same shapes in every run.

    Raises:
        ModelError: not an ONNX model, or one for a newer ONNX Runtime.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # its warnings go to stderr; ours are one line
    options = _cpu_options(threads, steady=steady)
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(content, options, providers=[CPU])
    except Exception as error:  # the kinds it raises share no base
        reason = _reason(error)
        if _NEWER.search(reason):
            raise ModelError(
                f"made for a newer ONNX Runtime than {onnxruntime.__version__}; upgrade it: "
                f"pip install --upgrade {onnxruntime.package_name} ({reason})"
            ) from error
        raise ModelError(f"expected an ONNX model, but {reason}") from error


def bundle_session(content: bytes, sha256: str, threads: int = 0) -> onnxruntime.InferenceSession:
    """The CPU's session of a model with backbones in its file, whose SHA-256 is given.

    As long as anyone has it, whoever else asks gets the same: the file is large. Raises as
    `load_on_cpu` does.
    """
    key = sha256, threads or available_cores()
    session = _BUNDLES.get(key)
    if session is None:
        session = _BUNDLES[key] = load_on_cpu(content, threads=threads, steady=True)
    return session


def inspection_session(content: bytes, sha256: str) -> onnxruntime.InferenceSession:
    """A session that tells what is in a file: a bundle's that someone has, or one made at once.

    Raises as `load_on_cpu` does.
    """
    held = (session for (digest, _), session in list(_BUNDLES.items()) if digest == sha256)
    return next(held, None) or load_on_cpu(content, optimised=False)


def load_on_device(
    content: bytes,
    on_cpu: onnxruntime.InferenceSession,
    extents: Mapping[str, Extent],
    device: Device,
    *,
    outputs: Sequence[str],
    precision: str = "float32",
    require_gpu: bool = False,
    engines: Path,
) -> Session:
    """A network on a device, with inputs of such extents, for whoever asks for these outputs.

    `engines` is the folder for what TensorRT builds of it.

    Raises:
        DeviceError: the device can't be used, and nothing else would do.
    """
    import onnxruntime

    plan = plan_of(
        device,
        require_gpu=require_gpu,
        built_in=onnxruntime.get_available_providers(),
        gpus=0 if device.kind == "cpu" else cuda_device_count(),
    )
    if plan.provider == CPU:
        return Session(on_cpu, CPU, plan.note)
    configured = {
        name: provider_options(name, device, extents=extents, precision=precision, engines=engines)
        for name in plan.chain
    }
    try:
        if plan.provider == TENSORRT:
            claim_folder(engines)
        session = _gpu_session(content, plan, configured, extents, outputs)
        return Session(session, plan.provider)
    except DeviceError as error:
        if plan.required:
            asked = "--require-gpu" if device.kind == "auto" else f"--device {device}"
            raise DeviceError(f"{asked}: {error}") from error
        return Session(on_cpu, CPU, f"a CUDA device is there, but {error}")


def _cpu_options(threads: int, *, steady: bool) -> onnxruntime.SessionOptions:
    """Options for a process that has other work, on videos of any length.

    Threads don't spin for work that isn't there: videos are decoded meanwhile. Memory goes back
    after each run rather than staying at what the longest video took, which costs a head no time
    that could be measured. A backbone, whose runs are alike and large, keeps it: with I3D that
    saves a tenth of the time of a clip, and a third of that of several at once.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or available_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = steady
    options.enable_mem_pattern = steady
    return options


def _gpu_session(
    content: bytes,
    plan: SessionPlan,
    configured: Mapping[str, dict[str, str]],
    extents: Mapping[str, Extent],
    outputs: Sequence[str],
) -> onnxruntime.InferenceSession:
    """A session that has run once, and computed all products by the planned provider.

    What little is left to the CPU's threads doesn't spin there either.

    Raises:
        DeviceError: it can't be made, or would compute elsewhere.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = available_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_profiling = True
    said = io.StringIO()  # ONNX Runtime prints what it misses
    with tempfile.TemporaryDirectory(prefix="lpat-") as folder, contextlib.redirect_stdout(said):
        _load_libraries(plan.provider)
        options.profile_file_prefix = str(Path(folder) / "run")
        try:
            session = onnxruntime.InferenceSession(
                content, options, providers=list(configured.items()), enable_fallback=0
            )
            inputs = {name: np.zeros(its.smallest, np.float32) for name, its in extents.items()}
            session.run(list(outputs), inputs)
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        except Exception as error:  # the kinds it raises share no base
            raise DeviceError(_with_missing(_reason(error), said.getvalue())) from error
    refusal = refusal_of(plan, session.get_providers(), products_by_provider(events))
    if refusal is not None:
        raise DeviceError(_with_missing(refusal, said.getvalue()))
    session.disable_fallback()  # a run that fails would go on as another session, on the CPU
    return session


def _load_libraries(provider: str) -> None:
    """Load the CUDA, cuDNN and TensorRT libraries that pip installed, where no path leads to them.

    Those that are missing are told on stdout, by ONNX Runtime.
    """
    import onnxruntime

    if hasattr(onnxruntime, "preload_dlls"):  # since 1.21
        onnxruntime.preload_dlls()
    found = importlib.util.find_spec("tensorrt_libs") if provider == TENSORRT else None
    for folder in (found.submodule_search_locations or []) if found else []:
        for pattern in ("libnvinfer.so.*", "libnvinfer_plugin.so.*", "libnvonnxparser.so.*"):
            for library in sorted(Path(folder).glob(pattern)):
                with contextlib.suppress(OSError):
                    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def _with_missing(reason: str, said: str) -> str:
    """A reason, and which of the libraries is missing, where one is."""
    if "install TensorRT" in reason:
        return "TensorRT's libraries aren't installed (pip install tensorrt)"
    missing = [Path(name).name for name in _MISSING.findall(said)]
    if not missing:
        return reason
    return f"{reason}: {missing[0]} isn't installed (pip install 'onnxruntime-gpu[cuda,cudnn]')"


def _reason(error: Exception) -> str:
    """The first line of an error, without where in ONNX Runtime's source it arose."""
    line = (str(error).splitlines() or [""])[0]
    return _SOURCE_LINE.sub("", line)[:120] or type(error).__name__
