"""Every check of the project: `nox` runs all, `nox -s lint` one.

`make test` runs them in the environment that it made, so nothing is installed twice; only
`package` makes environments of its own, because what it proves is what an installation lacks.
"""

import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.error_on_missing_interpreters = True

BIN = Path(sys.executable).parent
PACKAGES = ("runtime", "train", "viewer")
CODE = (*PACKAGES, "tests", "benchmarks", "noxfile.py")
ROOT = Path(__file__).parent


def tool(session: nox.Session, name: str, *arguments: str, **options: object) -> None:
    """Run a program of this environment."""
    session.run(str(BIN / name), *arguments, external=True, **options)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and likely mistakes."""
    tool(session, "ruff", "format", "--check", *CODE)
    tool(session, "ruff", "check", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Types of all code, and the extension's stub against the extension."""
    tool(session, "pyright", "--pythonpath", sys.executable)
    tool(session, "stubtest", "lpat._core", env={"MYPYPATH": str(ROOT / "runtime")})


@nox.session
def imports(session: nox.Session) -> None:
    """One direction of dependencies: lpat_train -> lpat <- lpat_viewer."""
    tool(session, "lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Python tests; warnings are errors."""
    tool(session, "pytest", *session.posargs, env={"QT_QPA_PLATFORM": "offscreen"})


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ core built without Python, and its tests."""
    build = str(ROOT / "build" / "cpp")
    tool(session, "cmake", "-S", str(ROOT), "-B", build, "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
    tool(session, "cmake", "--build", build, "--parallel")
    tool(session, "ctest", "--test-dir", build, "--output-on-failure")


@nox.session(venv_backend="none")
def package(session: nox.Session) -> None:
    """A wheel built from the sdist, installed alone, runs without torch and Qt."""
    folder = Path(session.create_tmp())
    constraints = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PATH": os.environ["PATH"]}
    tool(session, "python", "-m", "build", "--outdir", str(folder / "dist"), str(ROOT),
         env=constraints, silent=True)  # fmt: skip
    wheel = max((folder / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    clean = folder / "clean"
    tool(session, "python", "-m", "venv", "--clear", str(clean))
    session.run(str(clean / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check",
                str(wheel), external=True, env=constraints)  # fmt: skip
    session.run(str(clean / "bin" / "python"), str(ROOT / "tests" / "clean_install.py"), external=True)
