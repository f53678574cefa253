"""The errors of training and export that a user can cause."""

from __future__ import annotations

from lpat.errors import LpatError


class ProcessError(LpatError, RuntimeError):
    """Another process of the run has ended."""


class DivergenceError(LpatError, ArithmeticError):
    """The loss became infinite or not a number."""


class ExportError(LpatError, RuntimeError):
    """The exported model doesn't compute what the trained network does."""


class BundleError(LpatError, ValueError):
    """Networks that can't be put into one file."""


class CheckpointError(LpatError, ValueError):
    """A file of weights that can't be read, or holds those of another network."""
