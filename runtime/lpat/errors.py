"""The one family of errors that a user can cause.

Each also is the built-in error that a Python caller would expect. The commands print an
`LpatError` as one line; any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import re


def install_advice(extra: str) -> str:
    """The line that installs an extra's packages by their own names: an index needn't have lpat."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        required = requires("lpat") or []
    except PackageNotFoundError:
        required = []
    marked = re.compile(rf"""^([^;]+?)\s*;.*extra\s*==\s*['"]{extra}['"]""")
    packages = [f"'{found[1].strip()}'" for line in required if (found := marked.match(line))]
    if not packages:
        return f"pip install '.[{extra}]' in lpat's source folder"
    return f"pip install {' '.join(packages)}"


def one_line(subject: object) -> str:
    """What `str` gives, as messages show it: on one line, whatever is in it."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(subject)
    )


class LpatError(Exception):
    """Base of every error that names something wrong with what the user gave."""


class UsageError(LpatError, ValueError):
    """Options that contradict each other, or inputs that name nothing."""


class VideoError(LpatError, OSError):
    """A video that can't be opened, or holds no picture that can be decoded."""

    @classmethod
    def of(cls, address: object, reason: str) -> VideoError:
        """The error of a video at an address, which is shown in one line and without passwords."""
        return cls(f"{one_line(address)}: {reason}")


class FeatureError(LpatError, ValueError):
    """A feature file that can't be read, or features that don't fit where they are used."""


class AnnotationError(LpatError, ValueError):
    """Annotations or detections files that break their format."""


class ModelError(LpatError, ValueError):
    """A model file that isn't ours, is broken, or doesn't fit the features."""


class BackboneError(LpatError, ValueError):
    """A backbone that can't be read, isn't the one that is needed, or gives no usable features."""


class OutputError(LpatError, OSError):
    """A place that can't be written."""


class DeviceError(LpatError, RuntimeError):
    """A device that was asked for and isn't there."""


class WorkerError(LpatError, RuntimeError):
    """A worker process that ended in the middle of its work."""


class ClusterError(LpatError, RuntimeError):
    """A cluster that can't be reached, or a machine in it that can't be worked with."""


class MissingPackageError(LpatError, ImportError):
    """A package that lpat does without until it is asked for what needs it."""
