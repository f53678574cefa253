"""The site of the docs, by Sphinx: `nox -s docs` builds it into build/site.

Its source is the source tree itself, so links are those that work there and on GitHub; one that
leads nowhere is a warning. The first page is the README. Mermaid's diagrams become pictures,
without a script, and nothing comes from elsewhere, when the site is built or read. Two pages are
made of what `lpat` and `lpat_train` make public.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import mmdr
from sphinx.application import Sphinx

from lpat import __version__

ROOT = Path(__file__).resolve().parents[1]
MADE = Path("build/reference")
"""What is made here lies there: pages of packages, pictures of diagrams."""

PAGES = {
    "Using it": ("commands", "tagging", "viewer", "live", "formats", "better-results"),
    "Models and features": ("training", "features", "backbones", "devices", "scale"),
    "How well": ("study", "evaluation", "thumos14"),
    "From Python": ("api", "api-training", "/build/reference/lpat", "/build/reference/lpat_train"),
    "Inside": (
        "architecture", "core", "cpp", "/examples/cpp/README", "/CONTRIBUTING", "releasing",
        "/CHANGELOG",
    ),
}  # fmt: skip
"""Pages of docs/, and others by their path, as they stand beside each page."""

PACKAGES = ("lpat", "lpat_train")
MODULES = {"lpat": ("lpat.errors",)}
"""Of which all is public, beside what the package names."""

MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)

project = "lpat"
version = release = __version__
html_title = f"lpat {__version__}"
root_doc = "README"
include_patterns = [
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "examples/*/*.md", f"{MADE}/*.md",
]  # fmt: skip
exclude_patterns = [".*", "build/[!r]*", "demo", "runs"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 6  # GitHub's, by which headings are linked to
default_role = "code"  # of docstrings, in which `code` has one backtick
autodoc_default_options = {"members": True, "member-order": "bysource"}

html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False


def setup(app: Sphinx) -> None:
    """Connect what is made here with what Sphinx does."""
    app.connect("builder-inited", make_references)
    app.connect("source-read", finish_page)
    app.connect("build-finished", lead_to_first_page)


def make_references(app: Sphinx) -> None:
    """Write a page of each package, with its public classes and functions by name."""
    (ROOT / MADE).mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        module = import_module(package)
        public = sorted(module.__all__, key=str.lower)
        directives: list[str] = []
        for name in public:
            if inspect.isclass(getattr(module, name)):
                directives.append(f"autoclass:: {package}.{name}")
            elif inspect.isfunction(getattr(module, name)):
                directives.append(f"autofunction:: {package}.{name}")
        directives += [
            f"automodule:: {name}\n   :exclude-members: {','.join(public)}"
            for name in MODULES.get(package, ())
        ]
        blocks = [f"```{{eval-rst}}\n.. {text}\n```" for text in directives]
        page = "\n\n".join([f"# Reference of {package}", *blocks]) + "\n"
        (ROOT / MADE / f"{package}.md").write_text(page, encoding="utf-8")


def finish_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Put pictures in the place of diagrams, and all pages below the first one."""
    numbers = iter(range(source[0].count("```mermaid")))

    def picture(found: re.Match[str]) -> str:
        path = MADE / f"{name.replace('/', '-')}-{next(numbers)}.svg"
        (ROOT / path).write_text(mmdr.render(found[1]).svg(), encoding="utf-8")
        return f"![Diagram](/{path})"

    source[0] = MERMAID.sub(picture, source[0])
    if name == root_doc:
        for title, pages in PAGES.items():
            lines = "\n".join(page if page[0] == "/" else f"/docs/{page}" for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{lines}\n```\n"


def lead_to_first_page(app: Sphinx, error: Exception | None) -> None:
    """A browser that opens the folder gets the first page."""
    if error is None:
        line = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        (Path(app.outdir) / "index.html").write_text(line, encoding="utf-8")
