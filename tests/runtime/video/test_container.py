"""Videos from servers and pipes, and what no file or server may lead to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError, ProtocolNotFoundError
from tests.waiting import PATIENCE

from lpat.errors import VideoError
from lpat.video.address import STDIN, Url
from lpat.video.frame import Frame
from lpat.video.reader import Video

WriteVideo = Callable[..., Path]

IMPORTS = "from lpat.video.address import STDIN; from lpat.video.reader import Video"


@dataclass
class Site:
    """What a local server answers. After `sent` bytes of a file it hangs up, or falls silent."""

    address: str
    pages: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    sent: int | None = None
    silent: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str, timeout: float = 30.0) -> Url:
        return Url(f"{self.address}/{name}", timeout)


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.strip("/")
            if name in here.redirects:
                self.send_response(302)
                self.send_header("Location", here.redirects[name])
                self.end_headers()
                return
            if name not in here.pages:
                self.send_error(404)
                return
            page = here.pages[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page[: here.sent])
            if here.silent:
                self.wfile.flush()
                here.ended.wait()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield here
        here.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def noise(write_video: WriteVideo) -> Path:
    """A video of some size, that can be read from its start on."""
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (96, 128, 3), np.uint8) for _ in range(50)]
    return write_video("noise.ts", pts=range(50), pictures=pictures)


def read(address: Url | Path) -> tuple[Video, list[Frame]]:
    with Video.open(address) as video:
        return video, list(video)


def test_a_url_gives_the_frames_of_its_file(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    video, frames = read(site.url("noise.ts"))
    assert [frame.time for frame in frames] == [frame.time for frame in read(noise)[1]]
    assert video.broken_off is None
    assert video.decode_failures == 0


def test_text_that_is_a_url_is_opened_as_one(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    with Video.open(f"{site.address}/noise.ts") as video:
        assert len(list(video)) == 50


def test_a_redirect_is_followed(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    site.redirects["old"] = f"{site.address}/noise.ts"
    assert len(read(site.url("old"))[1]) == 50


def test_what_is_not_there_is_named(site: Site) -> None:
    with pytest.raises(VideoError) as caught:
        read(site.url("none.mp4"))
    assert str(caught.value) == (
        f"{site.address}/none.mp4: can't be opened (Server returned 404 Not Found)"
    )


def test_a_page_is_no_video(site: Site) -> None:
    site.pages["page"] = b"<html>no video</html>"
    with pytest.raises(VideoError, match="expected a video, but it is broken or of an unknown"):
        read(site.url("page"))


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # so that nobody else takes the port meanwhile
        port = deaf.getsockname()[1]
        message = rf"^http://127\.0\.0\.1:{port}/v: can't be opened \("
        with pytest.raises(VideoError, match=message):
            read(Url(f"http://127.0.0.1:{port}/v"))


def test_a_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = Url(f"http://me:hunter2@127.0.0.1:{silent.getsockname()[1]}/v", timeout=0.3)
        with pytest.raises(VideoError, match=r"no answer within 0\.3 s$") as caught:
            read(url)
    assert "hunter2" not in str(caught.value)


def test_a_connection_that_breaks_off_gives_what_was_read(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    site.sent = noise.stat().st_size // 2
    video, frames = read(site.url("noise.ts"))
    assert 15 < len(frames) < 35
    assert video.broken_off == "the connection broke off (Input/output error)"


def test_a_server_that_falls_silent_gives_what_was_read(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    site.sent, site.silent = noise.stat().st_size // 2, True
    with Video.open(site.url("noise.ts", timeout=1.0)) as video:
        frames = list(video)
        assert video.broken_off == "nothing more came within 1 s"
    assert 15 < len(frames) < 35


def test_a_connection_without_a_single_picture_says_why(site: Site, write_video) -> None:
    path = write_video(pts=range(5))
    site.pages["v.mp4"] = path.read_bytes()
    site.sent = 100
    with pytest.raises(VideoError, match=r"/v\.mp4: "):
        read(site.url("v.mp4"))


def test_a_video_left_early_is_released(site: Site, noise: Path) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    site.sent, site.silent = noise.stat().st_size // 2, True
    with Video.open(site.url("noise.ts")) as video:
        next(iter(video))
    with pytest.raises(RuntimeError):
        iter(video)


@pytest.mark.parametrize("scheme", ["file", "concat", "subfile", "gopher", "data", "nonsense"])
def test_other_schemes_are_refused(scheme: str) -> None:
    with pytest.raises(VideoError, match=rf"expected a URL of http, .*, not {scheme}$"):
        read(Url(f"{scheme}:///etc/hostname"))


def test_a_scheme_that_ffmpeg_was_built_without_is_named() -> None:
    try:
        av.open("srt://127.0.0.1:1?timeout=1")
    except ProtocolNotFoundError:
        pass
    except FFmpegError:
        pytest.skip("this build of FFmpeg opens srt")
    with pytest.raises(VideoError, match="this build of FFmpeg doesn't open srt URLs"):
        read(Url("srt://127.0.0.1:1"))


@pytest.mark.parametrize("place", ["path", "file:path", "beside"])
def test_a_playlist_on_a_server_leads_to_no_local_file(
    site: Site, noise: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(noise.parent)
    target = {"path": str(noise), "file:path": f"file:{noise}", "beside": "noise.ts"}[place]
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n"
    site.pages["list.m3u8"] = playlist.encode()
    with pytest.raises(VideoError):
        read(site.url("list.m3u8"))


def test_a_playlist_on_a_server_leads_to_its_parts(site: Site, noise: Path) -> None:
    part = noise.read_bytes()
    site.pages |= {"a.ts": part, "b.ts": part}
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2,", "a.ts", "#EXTINF:2,", "b.ts"]
    site.pages["list.m3u8"] = "\n".join([*lines, "#EXT-X-ENDLIST\n"]).encode()
    assert len(read(site.url("list.m3u8"))[1]) == 100


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
    ],
    ids=["hls", "concat"],
)
@pytest.mark.parametrize("target", ["noise.ts", "{site}/noise.ts"])
def test_a_local_playlist_leads_nowhere(site: Site, noise: Path, text: str, target: str) -> None:
    site.pages["noise.ts"] = noise.read_bytes()
    path = noise.with_name("list.mp4")
    path.write_text(text.format(target.format(site=site.address)), encoding="utf-8")
    with pytest.raises(VideoError, match="it is a playlist, and only what you name yourself"):
        read(path)


@pytest.mark.parametrize("seekable", [False, True], ids=["pipe", "file"])
def test_standard_input_is_a_video(noise: Path, seekable: bool) -> None:
    code = (
        "from lpat.video.address import STDIN\nfrom lpat.video.reader import Video\n"
        "with Video.open(STDIN) as video: print(len(list(video)), video.broken_off)"
    )
    piped = None if seekable else noise.read_bytes()
    with noise.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env=environment(),
            **({"stdin": file} if piped is None else {"input": piped}),  # type: ignore[arg-type]
        )  # fmt: skip
    assert done.stdout.decode().split() == ["50", "None"]


def test_standard_input_without_a_video_says_so() -> None:
    code = f"{IMPORTS}; Video.open(STDIN)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"no video", capture_output=True, check=False,
        env=environment(),
    )  # fmt: skip
    assert b"VideoError: -: expected a video" in done.stderr
    assert STDIN.name == "stdin"


def test_an_mp4_with_its_index_at_the_end_cannot_be_piped(write_video: WriteVideo) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(50)]
    path = write_video(pts=range(50), pictures=pictures, options={"preset": "ultrafast"})
    code = f"{IMPORTS}; list(Video.open(STDIN))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=path.read_bytes(), capture_output=True, check=False,
        env=environment(),
    )  # fmt: skip
    assert b"MP4 files with their index at the end can't be read from a pipe" in done.stderr


def test_ctrl_c_does_not_wait_for_a_server() -> None:
    code = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from lpat.video.address import Url
from lpat.video.reader import Video
try:
    Video.open(Url(sys.argv[1], timeout=600))
except KeyboardInterrupt:
    print("interrupted")
"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen(
            [sys.executable, "-c", code, f"http://127.0.0.1:{silent.getsockname()[1]}/v"],
            stdout=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        silent.settimeout(PATIENCE)
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)  # it has asked, and waits for the answer
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
    assert output == "interrupted\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), r"changed .* \(from \d+ to"),
        (lambda path: os.utime(path, (1, 1)), "was written to while it was read"),
        (lambda path: path.with_name("noise.mkv").replace(path), "was replaced while it was read"),
    ],
    ids=["grown", "rewritten", "replaced"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    noise: Path, change: Callable[[Path], object], message: str
) -> None:
    noise.with_name("noise.mkv").write_bytes(noise.read_bytes())
    with Video.open(noise) as video:
        frames = iter(video)
        next(frames)
        change(noise)
        with pytest.raises(VideoError, match=rf"noise\.ts: {message}"):
            list(frames)


def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(noise: Path) -> None:
    with Video.open(noise) as video:
        frames = iter(video)
        next(frames)
        noise.unlink()
        assert len(list(frames)) == 49


def test_a_live_file_may_grow(noise: Path) -> None:
    with Video.open(noise, live=True) as video:
        frames = iter(video)
        next(frames)
        with noise.open("ab") as file:
            file.write(b"\0")
        assert len(list(frames)) == 49


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
