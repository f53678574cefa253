"""Slow work beside the window."""

import gc
import sys
import threading
import weakref

import pytest
from pytestqt.qtbot import QtBot

from lpat.errors import UsageError
from lpat_viewer.jobs import Jobs, Progress


def test_results_arrive_in_the_thread_that_asked(qtbot: QtBot) -> None:
    jobs = Jobs()
    seen: list[tuple[object, int]] = []
    worked: list[int] = []

    def work(progress: Progress) -> str:
        worked.append(threading.get_ident())
        progress.tell("half")
        return "whole"

    def note(value: object) -> None:
        seen.append((value, threading.get_ident()))

    job = jobs.start(work, on_done=note, on_progress=note)
    with qtbot.waitSignal(job.ended):
        pass
    here = threading.get_ident()
    assert seen == [("half", here), ("whole", here)]
    assert worked != [here]
    assert jobs.running == 0
    jobs.stop()


def test_a_user_s_error_is_one_line(qtbot: QtBot) -> None:
    jobs, lines = Jobs(), []

    def work(_: Progress) -> None:
        raise UsageError("x.json: expected y")

    with qtbot.waitSignal(jobs.start(work, on_failed=lines.append).ended):
        pass
    assert lines == ["x.json: expected y"]
    jobs.stop()


def test_a_bug_keeps_its_traceback(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, raised, lines = Jobs(), [], []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(error))

    def work(_: Progress) -> None:
        raise KeyError("a bug")

    with qtbot.waitSignal(jobs.start(work, on_failed=lines.append).ended):
        pass
    assert isinstance(raised[0], KeyError)
    assert "an error in lpat itself" in lines[0]
    jobs.stop()


def test_of_a_cancelled_job_nothing_is_heard_but_its_end(qtbot: QtBot) -> None:
    jobs = Jobs()
    go_on = threading.Event()
    heard: list[object] = []

    def work(progress: Progress) -> bool:
        go_on.wait()
        progress.tell("too late")
        return progress.cancelled

    job = jobs.start(work, on_done=heard.append, on_progress=heard.append)
    job.cancel()
    go_on.set()
    with qtbot.waitSignal(job.ended):
        pass
    assert heard == []
    jobs.stop()


def test_of_ended_jobs_nothing_is_kept(qtbot: QtBot) -> None:
    jobs, heard = Jobs(), []
    job = jobs.start(lambda _: "done", on_done=heard.append)
    with qtbot.waitSignal(job.ended):
        pass
    alive = weakref.ref(job)
    del job
    gc.collect()
    assert heard == ["done"]
    assert alive() is None
    jobs.stop()
