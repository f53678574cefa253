"""Every command of the viewer: its menu, its keys, what it does.

The menus and the help window are made of this table, and docs/viewer.md is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lpat_viewer.models.landmarks import Landmark, go_to_next, go_to_previous
from lpat_viewer.windows.commands import Command
from lpat_viewer.windows.dialogs import Dialogs
from lpat_viewer.windows.parts import Parts

SPEEDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 4.0, 8.0)
ZOOM = 0.7
PAN = 0.25
TIOU_STEP = 0.1
NUDGE = 0.1  # seconds


def command_table(parts: Parts, dialogs: Dialogs) -> tuple[Command, ...]:
    """All commands, in the order of the menus; those of the window itself are its own."""
    return (
        *_file_commands(parts, dialogs),
        *_edit_commands(parts, dialogs),
        *_playback_commands(parts),
        *_timeline_commands(parts),
        *_class_commands(parts),
        *_model_commands(parts, dialogs),
    )


def _file_commands(parts: Parts, dialogs: Dialogs) -> Sequence[Command]:
    playlist, opener = parts.workspace.playlist, parts.opener

    def open_neighbour(step: int) -> None:
        opener.open_input(playlist.neighbour(step))

    def has_video() -> bool:
        return parts.workspace.video is not None

    def has_layer() -> bool:
        return parts.workspace.layers.active is not None

    menu = partial(Command, "File")
    return (
        menu("Open…", "Ctrl+O", dialogs.open_files),
        menu("Open folder…", "Ctrl+Shift+O", dialogs.open_folder),
        menu("Tag the videos of a folder…", "Ctrl+Shift+T", dialogs.tag_folder),
        menu("Read open files again", "F5", parts.reload),
        menu(
            "Next video", "PgDown", partial(open_neighbour, 1),
            enabled=lambda: playlist.neighbour(1) is not None, group=1,
        ),
        menu(
            "Previous video", "PgUp", partial(open_neighbour, -1),
            enabled=lambda: playlist.neighbour(-1) is not None, group=1,
        ),
        menu(
            "Most uncertain first, not reviewed", "Ctrl+U",
            lambda: playlist.set_to_review(not playlist.to_review),
            checked=lambda: playlist.to_review, group=1,
        ),
        menu(
            "Save annotations", "Ctrl+S", dialogs.save,
            enabled=lambda: parts.workspace.review.begun, group=2,
        ),
        menu(
            "Save annotations as…", "Ctrl+Shift+S", dialogs.save_as,
            enabled=lambda: parts.workspace.review.begun, group=2,
        ),
        menu("Export detections…", "Ctrl+E", dialogs.export, enabled=has_layer, group=2),
        menu("Save a picture of the timeline…", "Ctrl+P", dialogs.save_picture, group=2),
        menu("Close video", "Ctrl+W", dialogs.close_video, enabled=has_video, group=3),
    )  # fmt: skip


def _edit_commands(parts: Parts, dialogs: Dialogs) -> Sequence[Command]:
    corrections, lane_tools = parts.corrections, parts.lane_tools
    reviewing = parts.reviewing

    def can_edit() -> bool:
        return corrections.can_edit

    menu = partial(Command, "Edit")
    return (
        menu("Undo", "Ctrl+Z", corrections.undo, enabled=lambda: corrections.can_undo),
        menu(
            "Redo", "Ctrl+Y, Ctrl+Shift+Z", corrections.redo,
            enabled=lambda: corrections.can_redo,
        ),
        menu("Correct the detections", "Ctrl+B", corrections.begin,
             lambda: corrections.can_begin, group=1),
        menu("Correct the truth", "Ctrl+Shift+B", corrections.begin_from_truth,
             lambda: corrections.can_begin_from_truth, group=1),
        menu("Accept", "A", corrections.accept, can_edit, group=2),
        menu("Reject", "R", corrections.reject, can_edit, group=2),
        menu("Accept all proposed", "Ctrl+Shift+A", corrections.accept_all,
             lambda: corrections.can_accept_all, group=2),
        menu("Start here", "I", corrections.set_start_to_playhead, can_edit, group=3),
        menu("End here", "O", corrections.set_end_to_playhead, can_edit, group=3),
        menu("Move earlier", "Alt+Left", partial(corrections.nudge, -NUDGE), can_edit, group=3),
        menu("Move later", "Alt+Right", partial(corrections.nudge, NUDGE), can_edit, group=3),
        menu("Split here", "S", corrections.split_at_playhead,
             lambda: corrections.can_split, group=4),
        menu("Merge with the next", "M", corrections.merge_with_next,
             lambda: corrections.can_merge, group=4),
        menu("Relabel…", "L", dialogs.relabel, can_edit, group=4),
        menu("Delete", "Del", corrections.remove, can_edit, group=4),
        menu("New segment here", "N", dialogs.draw_here, group=5),
        menu("Draw with the mouse", "D", parts.toggle_drawing,
             checked=lambda: lane_tools.drawing, group=5),
        menu("Mark as reviewed", "Ctrl+D", reviewing.toggle, lambda: reviewing.can_mark,
             lambda: reviewing.marked, group=6),
        menu("File of reviewed videos…", "Ctrl+Shift+D", reviewing.choose_file, group=6),
    )  # fmt: skip


def _playback_commands(parts: Parts) -> Sequence[Command]:
    playhead, player = parts.workspace.playhead, parts.player

    def to_next(landmark: Landmark) -> Callable[[], object]:
        return partial(go_to_next, parts.workspace, landmark)

    def to_previous(landmark: Landmark) -> Callable[[], object]:
        return partial(go_to_previous, parts.workspace, landmark)

    def change_speed(step: int) -> None:
        place = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - playhead.speed))
        playhead.set_speed(SPEEDS[min(max(place + step, 0), len(SPEEDS) - 1)])

    def loop() -> None:
        chosen = parts.workspace.selection.chosen
        loops = playhead.loop is not None or chosen is None
        playhead.set_loop(None if loops or chosen is None else (chosen.start, chosen.end))

    menu = partial(Command, "Playback")
    return (
        menu(
            "Play", "Space", lambda: playhead.set_playing(not playhead.playing),
            checked=lambda: playhead.playing,
        ),
        menu("Slower", "<", partial(change_speed, -1)),
        menu("Faster", ">", partial(change_speed, 1)),
        menu("Normal speed", "=", partial(playhead.set_speed, 1.0)),
        menu("Loop the segment", "Ctrl+L", loop, checked=lambda: playhead.loop is not None),
        menu("Mute", "U", lambda: player.set_muted(not player.muted), lambda: player.has_sound,
             lambda: player.muted),
        menu("Time on the picture", "Ctrl+I",
             lambda: parts.video.set_overlay(not parts.video.has_overlay),
             checked=lambda: parts.video.has_overlay),
        menu("Next frame", "Right", partial(player.step, 1), group=1),
        menu("Previous frame", "Left", partial(player.step, -1), group=1),
        menu("Ten frames on", "Shift+Right", partial(player.step, 10), group=1),
        menu("Ten frames back", "Shift+Left", partial(player.step, -10), group=1),
        menu("Start of the video", "Home", partial(playhead.seek, 0.0), group=1),
        menu("End of the video", "End", lambda: playhead.seek(playhead.duration), group=1),
        menu("Next detection", "J", to_next("detection"), group=2),
        menu("Previous detection", "Shift+J", to_previous("detection"), group=2),
        menu("Next truth", "T", to_next("truth"), group=2),
        menu("Previous truth", "Shift+T", to_previous("truth"), group=2),
        menu("Next error", "E", to_next("error"), group=2),
        menu("Previous error", "Shift+E", to_previous("error"), group=2),
        menu("Next under correction", "W", to_next("review"), group=3),
        menu("Previous under correction", "Shift+W", to_previous("review"), group=3),
        menu("Next to be judged", "Q", to_next("proposed"), group=3),
        menu("Previous to be judged", "Shift+Q", to_previous("proposed"), group=3),
    )  # fmt: skip


def _timeline_commands(parts: Parts) -> Sequence[Command]:
    shown, playhead = parts.workspace.time_range, parts.workspace.playhead
    display = parts.workspace.display

    def zoom(factor: float) -> None:
        inside = shown.start <= playhead.time <= shown.end
        shown.zoom(factor, playhead.time if inside else (shown.start + shown.end) / 2)

    def pan(share: float) -> None:
        shown.pan(share * shown.length)

    def fit_segment() -> None:
        chosen = parts.workspace.selection.chosen
        if chosen is not None:
            shown.fit_segment(chosen.start, chosen.end)

    def toggle_curves() -> None:
        display.set_curves("scores" if display.curves == "difference" else "difference")

    def toggle_threshold() -> None:
        display.set_threshold("predicted" if display.threshold == "manual" else "manual")

    menu = partial(Command, "Timeline")
    return (
        menu("Zoom in", "+, Ctrl++", partial(zoom, ZOOM)),
        menu("Zoom out", "-, Ctrl+-", partial(zoom, 1 / ZOOM)),
        menu("Show all", "F", shown.fit),
        menu(
            "Show the segment", "Shift+F", fit_segment,
            enabled=lambda: parts.workspace.selection.chosen is not None,
        ),
        menu("Earlier", "Ctrl+Left", partial(pan, -PAN)),
        menu("Later", "Ctrl+Right", partial(pan, PAN)),
        menu(
            "Difference of score and threshold", "V", toggle_curves,
            checked=lambda: display.curves == "difference", group=1,
        ),
        menu(
            "Manual threshold", "H", toggle_threshold,
            checked=lambda: display.threshold == "manual", group=1,
        ),
        menu(
            "Stricter overlap", "Ctrl+]", lambda: display.set_tiou(display.tiou + TIOU_STEP),
            group=2,
        ),
        menu(
            "Looser overlap", "Ctrl+[", lambda: display.set_tiou(display.tiou - TIOU_STEP),
            group=2,
        ),
    )  # fmt: skip


def _class_commands(parts: Parts) -> Sequence[Command]:
    classes = parts.workspace.classes

    def has_current() -> bool:
        return classes.current is not None

    def step(places: int) -> None:
        labels = classes.labels
        if labels:
            here = labels.index(classes.current) if classes.current in labels else -1
            classes.set_current(labels[(here + places) % len(labels)])

    def toggle_solo() -> None:
        classes.set_solo(None if classes.solo is not None else classes.current)

    def toggle_shown() -> None:
        if classes.current is not None:
            classes.set_shown([classes.current], not classes.is_shown(classes.current))

    menu = partial(Command, "Classes")
    return (
        menu("Next class", "Ctrl+Down", partial(step, 1), enabled=has_current),
        menu("Previous class", "Ctrl+Up", partial(step, -1), enabled=has_current),
        menu(
            "Show only this class", "C", toggle_solo, enabled=has_current,
            checked=lambda: classes.solo is not None, group=1,
        ),
        menu(
            "Hide this class", "X", toggle_shown, enabled=has_current, group=1,
            checked=lambda: classes.current is not None and not classes.is_shown(classes.current),
        ),
        menu("Show all classes", "Shift+X", lambda: classes.set_shown(classes.labels, True),
             group=1),
        menu("Find a class", "Ctrl+F", parts.find_class, group=2),
    )  # fmt: skip


def _model_commands(parts: Parts, dialogs: Dialogs) -> Sequence[Command]:
    layers, detector = parts.workspace.layers, parts.detector

    def next_layer() -> None:
        names = [layer.name for layer in layers.all]
        if layers.active is not None:
            layers.set_active(names[(names.index(layers.active.name) + 1) % len(names)])

    menu = partial(Command, "Model")
    return (
        menu("Add a model…", "Ctrl+M", dialogs.add_model),
        menu("Detect", "Ctrl+R", detector.run, enabled=lambda: bool(detector.models)),
        menu("Stop detecting", "Ctrl+K", detector.cancel,
             enabled=lambda: detector.progress is not None),
        menu("Detect by the manual threshold too", "Ctrl+T", detector.add_manual_layer,
             enabled=lambda: layers.active is not None, group=1),
        menu("Next layer", "Y", next_layer, enabled=lambda: len(layers.all) > 1, group=1),
        menu("Train a model…", "Ctrl+Shift+M", dialogs.train, group=2),
    )  # fmt: skip
