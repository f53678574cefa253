"""Files appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from lpat.errors import OutputError
from lpat.files.atomic import atomic_path, keep_backup, write_text
from lpat.files.json_files import write_json


def test_a_file_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one")
    write_text(path, "two é")
    assert path.read_text(encoding="utf-8") == "two é"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def write_half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_no_backup_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in ("first", "second", "third"):
        path.write_text(content, encoding="utf-8")
        keep_backup(path)
    backups = ["a.json.bak", "a.json.2.bak", "a.json.3.bak"]
    assert [(tmp_path / name).read_text() for name in backups] == ["first", "second", "third"]


def test_json_refuses_what_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/x\.json: can't be written"):
        write_text(tmp_path / "file" / "x.json", "")


def test_files_get_the_mode_that_the_user_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == 0o640
