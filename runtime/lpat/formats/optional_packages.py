"""Packages that only some formats need, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from lpat.errors import UsageError, install_advice

PACKAGES = {"otio": ("opentimelineio", "opentimelineio"), "eaf": ("pympi-ling", "pympi")}
"""By format: the package's name, and its module's."""


def package_for(name: str) -> ModuleType:
    """The module that writes a format.

    Raises:
        UsageError: it isn't installed.
    """
    package, module = PACKAGES[name]
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"format {name} needs the package {package}: {install_advice('formats')}"
        ) from error
