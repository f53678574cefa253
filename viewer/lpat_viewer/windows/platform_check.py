"""Whether Qt can open a window here; a process of its own tries, as Qt aborts where it can't."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from lpat.errors import LpatError

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
PATIENCE = 60.0
"""Seconds in which a display must answer."""

_PROGRAM = """
import os
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
os._exit(0)
"""
_PLUGIN = re.compile(r"Cannot load library (/.+?): ")
_LIBRARY = re.compile(r"([\w.+-]+\.so[.\d]*): cannot open shared object file")
_UNKNOWN = re.compile(r'Could not find the Qt platform plugin "(.*?)"')
_KNOWN = re.compile(r"Available platform plugins are: (.*?)\.?$", re.MULTILINE)
_CONNECTED = ("could not connect to display", "Failed to create wl_display")
_DEBIAN: dict[str, str] = dict.fromkeys(("libglib-2.0.so.0", "libgthread-2.0.so.0"), "libglib2.0-0")
"""Packages whose names don't follow from the library's."""


class ViewerError(LpatError, RuntimeError):
    """A machine on which there can be no window."""


class PlatformCheck:
    """Begins to find out when it is made; meanwhile the viewer can be imported."""

    def __init__(self) -> None:
        self._probe: subprocess.Popen[str] | None = None
        linux = sys.platform == "linux"
        if any(map(os.environ.get, DISPLAYS if linux else DISPLAYS[-1:])):
            self._probe = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env={**os.environ, "QT_DEBUG_PLUGINS": "1", "QT_FORCE_STDERR_LOGGING": "1"},
            )

    def finish(self) -> None:
        """Return if there can be a window.

        Raises:
            ViewerError: there can't; it names what lacks.
        """
        if self._probe is None:
            if sys.platform == "linux":
                raise ViewerError(f"there is no display: none of {', '.join(DISPLAYS)} is set")
            return
        try:
            _, said = self._probe.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise ViewerError(f"{_named()}: the display doesn't answer") from None
        finally:
            self.stop()
        if self._probe.returncode:
            raise ViewerError(reason_in(said))

    def stop(self) -> None:
        """End the process, if it goes on still."""
        if self._probe is not None and self._probe.poll() is None:
            self._probe.kill()
            self._probe.communicate()


def reason_in(said: str) -> str:
    """One line of what Qt said before it aborted, with the variables that lead to it."""
    connects = any(text in said for text in _CONNECTED)
    libraries = missing_libraries(map(Path, _PLUGIN.findall(said)), _LIBRARY.findall(said))
    unknown = _UNKNOWN.search(said)
    if unknown is not None:
        known = _KNOWN.search(said)
        has = f"; it has {known[1]}" if known is not None else ""
        return f"{_named()}: Qt has no platform {unknown[1]!r}{has}"
    if libraries and not connects:
        return text_on_libraries(libraries)
    return f"{_named()}: leads to no display; name one that is there (over ssh: ssh -X)"


def reason_of(error: ImportError) -> str:
    """One line on why Qt can't be imported."""
    first = _LIBRARY.findall(str(error))
    if not first:
        return f"Qt can't be loaded ({error})"
    binary = [Path(error.path)] if error.path else []
    plugins = [path.parent / "Qt" / "plugins" / "platforms" / "libqxcb.so" for path in binary]
    return text_on_libraries(missing_libraries([*binary, *plugins], first))


def missing_libraries(binaries: Iterable[Path], known: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the shared libraries that binaries need and the system lacks, with those known.

    The loader names one at a time; `ldd` has them all, where there is one.
    """
    found = dict.fromkeys(known)
    for binary in binaries:
        try:
            listed = subprocess.run(
                ["ldd", str(binary)], capture_output=True, text=True, check=False, timeout=PATIENCE
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        found.update(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)))
    return tuple(name for name in found if not name.startswith("libQt"))


def text_on_libraries(libraries: Sequence[str]) -> str:
    """One line that names libraries, and Debian's packages of them."""
    packages = " ".join(map(debian_package, libraries))
    return (
        f"Qt needs libraries of the system that it lacks: {', '.join(libraries)} "
        f"(on Debian and Ubuntu: apt install {packages})"
    )


def debian_package(library: str) -> str:
    """The package of a library by Debian's rule: libxcb-cursor.so.0 is in libxcb-cursor0."""
    name, _, version = library.partition(".so.")
    dash = "-" if name[-1:].isdigit() else ""
    return _DEBIAN.get(
        library, f"{name.removesuffix('.so').lower()}{dash if version else ''}{version}"
    )


def _named() -> str:
    """The variables that are set, as a shell shows them."""
    return ", ".join(f"{name}={value}" for name in DISPLAYS if (value := os.environ.get(name)))
