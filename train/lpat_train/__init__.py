"""Trains LPAT from video-level tags and exports it as one ONNX file.

>>> from lpat_train import train
>>> train("videos/", "tags.csv").export("model.onnx")

docs/api-training.md has the rest. The names below are the public ones.
"""

from importlib import import_module
from typing import Any

from lpat.errors import MissingPackageError, install_advice

_HOMES = {
    "Run": "lpat_train.from_python",
    "read_run": "lpat_train.from_python",
    "render_dataset": "lpat_train.demo.render",
    "train": "lpat_train.from_python",
}
"""Modules of the public names; each is loaded when first asked for, as PyTorch takes its time."""

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lpat_train' has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"lpat_train.{name} needs {error.name}: {install_advice('train')}"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
