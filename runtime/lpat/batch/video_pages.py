"""A page for each video: what it plays, from where, and what it says where it plays nothing."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from lpat.errors import VideoError
from lpat.files.atomic import atomic_path
from lpat.formats.media import Media
from lpat.inputs import Input, output_name
from lpat.report.browser_support import browser_support
from lpat.report.video_page import EMBEDDED, Player, video_page
from lpat.types import Detections, Scores
from lpat.video.address import FileState, Url
from lpat.video.container import access_errors_named, require_same_while_read

_CHUNK = 3 << 18  # bytes that become base64 at once; a multiple of three needs no filling up
_MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "ogg": "video/ogg"}


def write_video_page(
    path: Path,
    source: Input,
    media: Media,
    scores: Scores,
    detections: Detections,
    *,
    embed_limit: int | None = None,
    state: FileState | None = None,
) -> str | None:
    """Write the page, and say why it refers to its video though that should be embedded.

    A video of at most `embed_limit` bytes is set into the page; `state` is that of its file as it
    was before it was read.

    Raises:
        OutputError: the page can't be written.
        VideoError: the video is to be embedded, and can't be read or has changed.
    """
    player, remark = _player(path, source, media, embed_limit)
    depth = output_name(source).count("/") + 1
    html = video_page(
        source.name,
        scores,
        detections,
        media.duration,
        player,
        offset=media.offset,
        index="../" * depth + "index.html",
    )
    before, _, after = html.partition(EMBEDDED)
    with atomic_path(path) as temporary, temporary.open("wb") as page:
        page.write(before.encode())
        if player.embedded_type:
            _copy_as_base64(source.file, page, state)
            page.write(after.encode())
    return remark


def _copy_as_base64(video: Path, page: BinaryIO, state: FileState | None) -> None:
    with access_errors_named(video):
        file = video.open("rb")
    with file:
        while chunk := file.read(_CHUNK):
            page.write(base64.b64encode(chunk))
    if state is not None:
        require_same_while_read(video, state)


def _player(
    page: Path, source: Input, media: Media, embed_limit: int | None
) -> tuple[Player, str | None]:
    """What the page plays, and why it isn't embedded if it should be."""
    plays = True
    if isinstance(source.path, Url):
        player = _player_of_url(source.path)
    elif not media.shows_pictures or media.container is None or media.codec is None:
        what = "a file of features" if source.holds_features else "what can't be opened any more"
        player = Player(notice=f"The page was made of {what}, so there is no video to play.")
    else:
        support = browser_support(
            media.container, media.codec, media.pixel_format, source.path.suffix
        )
        player = Player(_relative_address(source.path, page), notice=support.reason)
        plays = support.support != "unlikely"
    if embed_limit is None:
        return player, None
    remark = _reason_not_to_embed(source, player, embed_limit, plays)
    if remark is not None:
        about = f"The video is not in this page: {remark}."
        return Player(player.address, "", player.notice, about), f"not embedded: {remark}"
    return Player("", _media_type(media), player.notice), None


def _player_of_url(url: Url) -> Player:
    if url.is_stdin:
        return Player(notice="The video came on standard input, so there is no file to play.")
    if str(url) != url.text:
        return Player(notice="The video's address holds a password, so it isn't in this page.")
    if url.scheme not in {"http", "https"}:
        return Player(notice=f"Browsers don't open addresses of {url.scheme}.")
    return Player(url.text)


def _reason_not_to_embed(source: Input, player: Player, limit: int, plays: bool) -> str | None:
    if not player.address:
        return "there is no file of it"
    if isinstance(source.path, Url):
        return "it is a URL"
    if not plays:
        return "browsers don't play its format"
    try:
        size = source.path.stat().st_size
    except OSError as error:
        raise VideoError.of(source.path, f"can't be read ({error.strerror})") from error
    if size > limit:
        return f"its {_megabytes(size)} MB are more than {_megabytes(limit)} MB (--embed-limit)"
    return None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g}" if size < 1e6 else f"{size / 1e6:.1f}".removesuffix(".0")


def _media_type(media: Media) -> str:
    names = (media.container or "").split(",")
    return next((kind for name, kind in _MEDIA_TYPES.items() if name in names), "video/mp4")


def _relative_address(video: Path, page: Path) -> str:
    """The video's address from the page's folder on, so that both can be moved together."""
    here = Path(os.path.abspath(video))  # noqa: PTH100 - Path.absolute keeps `..`
    try:
        relative = os.path.relpath(here, page.parent)
    except ValueError:  # on Windows: another drive
        return here.as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
