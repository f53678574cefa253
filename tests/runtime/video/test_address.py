"""URLs and standard input: what they are called, and what must not be seen of them."""

import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest

from lpat.errors import one_line
from lpat.video.address import PROTOCOLS, STDIN, Url, file_key, is_url


@pytest.mark.parametrize(
    ("text", "parts", "stem", "suffix"),
    [
        ("http://host/a/clip.mp4", ("host", "a", "clip.mp4"), "clip", ".mp4"),
        ("HTTPS://host:8443/two%20words.MKV?x=1#t", ("host:8443", "two words.MKV"), "two words",
         ".MKV"),
        ("rtsp://user:secret@camera.local/", ("camera.local",), "camera.local", ""),
        ("udp://@239.0.0.1:1234", ("239.0.0.1:1234",), "239.0.0.1:1234", ""),
        ("http://[::1]:80/v.mp4", ("[::1]:80", "v.mp4"), "v", ".mp4"),
        ("http://host/gr%C3%B6%C3%9Fe.mp4", ("host", "größe.mp4"), "größe", ".mp4"),
        ("-", ("stdin",), "stdin", ""),
    ],
)  # fmt: skip
def test_a_url_goes_by_the_end_of_its_path(
    text: str, parts: tuple[str, ...], stem: str, suffix: str
) -> None:
    url = Url(text)
    assert (url.parts, url.name, url.stem, url.suffix) == (parts, parts[-1], stem, suffix)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://me:hunter2@cam/1", "rtsp://me:***@cam/1"),
        ("http://me:hun@ter2@cam/1", "http://me:***@cam/1"),
        ("http://me:hun/ter2@cam/1", "http://***"),
        ("http://me:hun#ter2@cam/1", "http://***"),
        ("http://me:hun?ter2@cam/1", "http://***"),
        ("http://h/v.mp4?token=hunter2&t=3", "http://h/v.mp4?token=***&t=3"),
        ("http://h/v.mp4?access_token=hunter2", "http://h/v.mp4?access_token=***"),
        ("https://h/v?X-Amz-Signature=hunter2&X-Amz-Credential=hunter2",
         "https://h/v?X-Amz-Signature=***&X-Amz-Credential=***"),
        ("rtsp://cam/user=me&password=hunter2&channel=1",
         "rtsp://cam/user=me&password=***&channel=1"),
        ("srt://h:9?passphrase=hunter2", "srt://h:9?passphrase=***"),
        ("http://h/monkey=1/v.mp4?t=5", "http://h/monkey=1/v.mp4?t=5"),
    ],
)  # fmt: skip
def test_passwords_are_never_seen(text: str, shown: str) -> None:
    url = Url(text)
    assert str(url) == shown
    seen = [repr(url), one_line(url), url.name, url.stem, *url.parts]
    assert not [piece for piece in seen if "hun" in piece or "ter2" in piece]
    assert pickle.loads(pickle.dumps(url)) == url  # workers get the whole of it


@pytest.mark.parametrize("text", ["C:\\v.mp4", "a:b.mp4", "x//y", "://v", "v.mp4", "-"])
def test_a_path_is_no_url(text: str) -> None:
    assert not is_url(text)


def test_no_scheme_leads_to_local_files() -> None:
    local = {"file", "fd", "pipe", "concat", "concatf", "subfile", "unix", "cache", "async", "data"}
    for scheme, allowed in PROTOCOLS.items():
        names = allowed.split(",")
        assert scheme in names
        assert not local & set(names)


def test_what_is_sent_live_is_not_kept() -> None:
    assert Url("http://h/v.mp4").is_kept
    assert not Url("rtsp://h/v").is_kept
    assert not STDIN.is_kept


def test_messages_stay_on_one_line() -> None:
    assert one_line(Path("a\nb\x1b[31m")) == "a\\nb\\x1b[31m"


def test_the_keys_of_caches_are_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"video")
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    text = json.dumps([[str(path), 5, 1_700_000_000_123_456_789], {"b": 1, "a": 2}], sort_keys=True)
    assert file_key(path, {"a": 2, "b": 1}) == hashlib.sha256(text.encode()).hexdigest()
    assert file_key(Path("gone.mp4"), {}) == file_key(Path("./gone.mp4"), {})
    assert file_key(Url("http://example.org/v.mp4"), {"stride": 8}).startswith("e4914c148f09de45")
