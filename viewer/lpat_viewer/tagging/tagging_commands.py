"""Every command of the tagging window: its menu, its keys, what it does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lpat_viewer.tagging.state import KEYS
from lpat_viewer.tagging.tagging_window import TaggingWindow
from lpat_viewer.windows.commands import Command


def tagging_commands(window: TaggingWindow) -> tuple[Command, ...]:
    """All commands, in the order of the menus."""
    return (
        *_file_commands(window),
        *_tag_commands(window),
        *_moment_commands(window),
        *_video_commands(window),
        *_playback_commands(window),
        *_model_commands(window),
        Command("Help", "Keys and commands", "F1", window.show_help),
        Command("Help", "Guide", "Shift+F1", window.show_guide),
        Command("Help", "Dismiss the message", "Esc", window.notices.dismiss),
    )


def _file_commands(window: TaggingWindow) -> Sequence[Command]:
    menu = partial(Command, "File")
    return (
        menu("Tag another folder…", "Ctrl+Shift+O", window.ask_folder),
        menu("Take labels from folders", "Ctrl+L", window.take_labels_of_folders),
        menu("Save tags as…", "Ctrl+Shift+S", window.ask_place),
        menu("Show in the viewer", "Ctrl+Return", window.show_in_viewer,
             lambda: window.store.state.current is not None, group=1),
        menu("Close", "Ctrl+W", window.close, group=2),
    )  # fmt: skip


def _tag_commands(window: TaggingWindow) -> Sequence[Command]:
    store = window.store

    def toggle(place: int) -> None:
        store.update(store.state.toggled(store.state.labels[place]))

    def has(place: int) -> bool:
        return store.state.can_change and place < len(store.state.labels)

    def ticked(place: int) -> bool:
        state = store.state
        return has(place) and state.labels[place] in (state.tags_of(state.current) or ())

    def can_change() -> bool:
        return store.state.can_change

    menu = partial(Command, "Tags")
    return (
        *(
            menu(f"Label {place + 1}", str(place + 1), partial(toggle, place), partial(has, place),
                 partial(ticked, place))
            for place in range(KEYS)
        ),
        menu("Nothing happens in it", "0", lambda: store.update(store.state.toggled_nothing()),
             can_change, lambda: store.state.tags_of(store.state.current) == (), group=1),
        menu("Untag", "Backspace", lambda: store.update(store.state.untagged()), can_change,
             group=1),
        menu("Find or add a label", "L", window.find_label, can_change, group=1),
        menu("Undo", "Ctrl+Z", store.undo, lambda: store.can_undo, group=2),
    )  # fmt: skip


def _moment_commands(window: TaggingWindow) -> Sequence[Command]:
    store = window.store

    def mark(place: int) -> None:
        window.mark_moment(store.state.labels[place])

    def mark_latest() -> None:
        if store.state.latest is not None:
            window.mark_moment(store.state.latest)

    def can_mark(place: int) -> bool:
        return store.state.can_change and place < len(store.state.labels)

    def has_moments() -> bool:
        return bool(store.state.moments_of(store.state.current))

    menu = partial(Command, "Moments")
    return (
        *(
            menu(f"Moment of label {place + 1}", f"Ctrl+{place + 1}", partial(mark, place),
                 partial(can_mark, place))
            for place in range(KEYS)
        ),
        menu("Moment of the last label", "K", mark_latest,
             lambda: store.state.can_change and store.state.latest is not None, group=1),
        menu("Delete the moment", "Del", window.delete_moment,
             lambda: store.state.can_change and window.strip.near is not None, group=1),
        menu("Next moment", "J", partial(window.go_to_moment, 1), has_moments, group=2),
        menu("Previous moment", "Shift+J", partial(window.go_to_moment, -1), has_moments, group=2),
    )  # fmt: skip


def _video_commands(window: TaggingWindow) -> Sequence[Command]:
    store = window.store
    menu = partial(Command, "Videos")
    return (
        menu("Next video", "PgDown, N", partial(window.step, 1)),
        menu("Previous video", "PgUp, P", partial(window.step, -1)),
        menu("Next untagged video", "U", window.go_to_untagged),
        menu("Untagged only", "Ctrl+U", window.toggle_untagged_only,
             checked=lambda: store.state.untagged_only, group=1),
        menu("Most uncertain first", "Ctrl+I", window.toggle_uncertain_first,
             lambda: bool(store.state.suggestions), lambda: store.state.uncertain_first, group=1),
    )  # fmt: skip


def _playback_commands(window: TaggingWindow) -> Sequence[Command]:
    playhead, player = window.playhead, window.player
    menu = partial(Command, "Playback")
    return (
        menu("Play", "Space", lambda: playhead.set_playing(not playhead.playing),
             checked=lambda: playhead.playing),
        menu("Play each video at once", "Ctrl+Space", window.toggle_plays_at_once,
             checked=lambda: window.plays_at_once),
        menu("Slower", "<", lambda: window.watching.change_speed(-1)),
        menu("Faster", ">", lambda: window.watching.change_speed(1)),
        menu("Normal speed", "=", lambda: playhead.set_speed(1.0)),
        menu("Mute", "M", lambda: player.set_muted(not player.muted), lambda: player.has_sound,
             lambda: player.muted),
        menu("Next frame", "Right", lambda: player.step(1), group=1),
        menu("Previous frame", "Left", lambda: player.step(-1), group=1),
        menu("Start of the video", "Home", lambda: playhead.seek(0.0), group=1),
    )  # fmt: skip


def _model_commands(window: TaggingWindow) -> Sequence[Command]:
    menu = partial(Command, "Model")
    return (
        menu("Have a model suggest labels…", "Ctrl+M", window.ask_model),
        menu("Stop suggesting", "Ctrl+K", window.suggester.cancel,
             lambda: window.suggester.running),
        menu("Train a model…", "Ctrl+T", window.train, group=1),
    )  # fmt: skip
