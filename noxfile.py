"""Every check of the project: `nox` runs all, `nox -s lint` one.

`make test` runs them in the environment that it made, so nothing is installed twice; only
`package` makes an environment of its own, because what it proves is what a user's lacks.
"""

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
    tool(
        session, "stubtest", "lpat._core", "--allowlist", str(ROOT / "cpp/stubtest-allowed.txt"),
        env={"MYPYPATH": str(ROOT / "runtime")},
    )  # fmt: skip


@nox.session
def imports(session: nox.Session) -> None:
    """One direction of dependencies: lpat_train -> lpat <- lpat_viewer."""
    tool(session, "lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Python tests; warnings are errors."""
    tool(
        session, "pytest", "--ignore", "tests/installation", *session.posargs,
        env={"QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ core built without Python, and its tests, plain and under sanitizers."""
    builds = {"cpp": "OFF", "cpp-sanitized": "address,undefined", "cpp-threads": "thread"}
    for name, sanitize in builds.items():
        build = str(ROOT / "build" / name)
        tool(session, "cmake", "-S", str(ROOT), "-B", build, "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
             f"-DLPAT_SANITIZE={sanitize}")  # fmt: skip
        tool(session, "cmake", "--build", build, "--parallel")
        tool(session, "ctest", "--test-dir", build, "--output-on-failure")


@nox.session
def package(session: nox.Session) -> None:
    """A wheel built from the sdist, installed alone in a fresh environment, does its work."""
    folder = Path(session.create_tmp())
    constraints = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    for old in folder.glob("dist/*"):
        old.unlink()
    tool(session, "python", "-m", "build", "--outdir", str(folder / "dist"), str(ROOT),
         env=constraints, silent=True)  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    clean = folder / "clean"
    tool(session, "python", "-m", "venv", "--clear", str(clean))
    pip = str(clean / "bin" / "pip")
    session.run(pip, "install", "--quiet", "--disable-pip-version-check", str(wheel),
                external=True, env=constraints)  # fmt: skip
    tool(session, "pytest", "tests/installation",
         env={"LPAT_CLEAN_PYTHON": str(clean / "bin" / "python")})  # fmt: skip
