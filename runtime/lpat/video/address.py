"""Addresses of videos: files, URLs, cameras, standard input. Has a file changed?"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from lpat.errors import VideoError

DEFAULT_TIMEOUT = 30.0
"""Seconds that a server may take to answer, and to go on."""

PROTOCOLS = {
    "http": "http,https,tcp,tls,crypto",
    "https": "https,tcp,tls,crypto",
    "ftp": "ftp,tcp",
    "rtsp": "rtsp,rtp,tcp,udp",
    "rtsps": "rtsps,rtp,srtp,tcp,tls,udp",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tcp,tls",
    "rtmpt": "rtmpt,ffrtmphttp,http,tcp",
    "rtmpts": "rtmpts,ffrtmphttp,https,tcp,tls",
    "mmsh": "mmsh,http,tcp",
    "mmst": "mmst,tcp",
    "rtp": "rtp,udp",
    "srt": "srt",
    "tcp": "tcp",
    "tls": "tls,tcp",
    "udp": "udp",
}
"""By the URL's scheme, all that FFmpeg may use to read it, wherever a playlist or a server's answer
may lead: what the scheme is made of, never a local file. HTTP may turn into HTTPS, not back."""

_CAMERA = "camera:"
_KEPT = frozenset({"http", "https", "ftp"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SECRET = re.compile(
    r"(?P<name>(?:^|(?<=[/?&;#,_.-]))"
    r"(?:passw?or[dt]|passwd|passphrase|pass|pwd|\w*token|(?:api|access)?_?key|\w*secret"
    r"|sig|\w*signature|auth|authorization|credential|X-Amz-\w+)=)[^/?&;#,]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, repr=False)
class Url:
    """Where a video is to be had, other than a file; `-` is standard input, `camera:0` a camera.

    What can be seen of it, `str` and `repr`, has `***` in the place of passwords and tokens.
    """

    text: str
    timeout: float = field(default=DEFAULT_TIMEOUT, compare=False)  # of connecting and of each read

    def __str__(self) -> str:
        return _without_secrets(self.text)

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

    @property
    def is_stdin(self) -> bool:
        """Whether it is standard input."""
        return self.text == "-"

    @property
    def camera(self) -> str:
        """The number or name of a camera; empty of what is none."""
        return self.text.removeprefix(_CAMERA) if is_camera(self.text) else ""

    @property
    def is_kept(self) -> bool:
        """Whether it names the same video tomorrow, and not whatever is sent just then."""
        return self.scheme in _KEPT

    @property
    def scheme(self) -> str:
        """`http` and the like, in lower case; empty of standard input and cameras."""
        return "" if self.is_stdin or self.camera else self.text.partition("://")[0].lower()

    @property
    def parts(self) -> tuple[str, ...]:
        """The host, and the path's parts as a person would write them."""
        if self.is_stdin:
            return ("stdin",)
        if self.camera:
            return (self.text,)
        split = _split(str(self))
        if split is None:
            return (self.scheme,)
        path = (unquote(part, errors="replace") for part in split.path.split("/") if part)
        return (split.netloc.rpartition("@")[2], *path)

    @property
    def name(self) -> str:
        """The last part of its path, else its host; `stdin` of standard input."""
        return self.parts[-1]

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem if len(self.parts) > 1 else self.name

    @property
    def suffix(self) -> str:
        """The suffix of the path's last part, with its dot; mostly empty of streams."""
        return PurePosixPath(self.name).suffix if len(self.parts) > 1 else ""


Address: TypeAlias = Path | Url

STDIN = Url("-")


def is_camera(text: str) -> bool:
    """Whether a text is written as a camera's address."""
    return text.startswith(_CAMERA) and text != _CAMERA


def is_url(text: str) -> bool:
    """Whether a text is written as a URL, whatever its scheme."""
    return _SCHEME.match(text) is not None


def _without_secrets(text: str) -> str:
    if not is_url(text):
        return text
    split = _split(text)
    if split is None:  # what can't be taken apart may have its password anywhere
        return f"{text.partition('://')[0]}://***"
    user, at, host = split.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    shown = split._replace(netloc=f"{name}{':***' if colon else ''}{at}{host}").geturl()
    return _SECRET.sub(r"\g<name>***", shown)


def _split(text: str) -> SplitResult | None:
    """The parts of a URL; None of one that is broken, as by a `/` or `#` in a password."""
    try:
        split = urlsplit(text)
        host, _ = split.hostname, split.port  # `port` raises where it is no number
    except ValueError:
        return None
    return split if host or not split.netloc or split.netloc.startswith("@") else None


@dataclass(frozen=True)
class FileState:
    """Device, inode, size and time of a file, which tell whether it was replaced or changed."""

    device: int
    inode: int
    size: int
    written: int  # nanoseconds

    @classmethod
    def of(cls, address: Address) -> FileState | None:
        """The state of a file as it is now; None of what isn't a file, or isn't there."""
        if not isinstance(address, Path):
            return None
        try:
            status = address.stat()
        except OSError:
            return None
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def is_replaced_by(self, now: FileState) -> bool:
        """Whether another file stands in its place."""
        return (now.device, now.inode) != (self.device, self.inode)


def require_unchanged(path: Path, state: FileState | None) -> None:
    """See that a file is the one that was analysed; without a state nothing is known.

    Raises:
        VideoError: it has gone, or was replaced or changed.
    """
    now = FileState.of(path)
    if state is None or now == state:
        return
    if now is None:
        raise VideoError.of(path, "no such file")
    raise VideoError.of(path, "expected the video as it was analysed, but it has changed since")


def file_key(path: Address, settings: Mapping[str, object]) -> str:
    """Digest of a file's path, size and time and of the settings it is worked on with.

    A URL of something stored counts as unchanged; whatever is sent live, as new each time.
    """
    identity = _url_identity(path) if isinstance(path, Url) else _file_identity(path)
    text = json.dumps([identity, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _url_identity(url: Url) -> list[str]:
    return [str(url)] if url.is_kept else [str(url), uuid.uuid4().hex]


def _file_identity(path: Path) -> list[str | int]:
    state = FileState.of(path)
    if state is None:
        return [str(path)]
    return [os.path.abspath(path), state.size, state.written]  # noqa: PTH100
