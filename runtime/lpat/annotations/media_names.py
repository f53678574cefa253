"""The name that a video goes by, from how annotation tools refer to its file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from lpat.annotations.identity import appearance, canonical
from lpat.errors import AnnotationError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def video_name(reference: str, place: str) -> str:
    """The file's name without its suffix, of a path or a URL of whatever system.

    `file:` URLs are as ELAN writes them, without escapes. Of Label Studio's local files it is the
    path that they are served by.

    Raises:
        AnnotationError: it names no file; `place` says where it stands.
    """
    path = reference
    if reference.startswith("/data/local-files/"):
        path = parse_qs(urlsplit(reference).query).get("d", [""])[0]
    elif _SCHEME.match(reference) and not reference.lower().startswith("file:"):
        path = unquote(urlsplit(reference).path)
    name = canonical(PurePosixPath(path.replace("\\", "/")).stem)
    if not appearance(name):
        raise AnnotationError(f"{place}: expected a video's file, not {reference!r:.200}")
    return name
