"""The menu of a segment."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidget

from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.workspace import Workspace


def segment_menu(
    parent: QWidget, workspace: Workspace, corrections: Corrections, time: float
) -> QMenu:
    """What can be done to the segment that is chosen; it is split at a time."""
    menu, chosen = QMenu(parent), workspace.selection.chosen
    editable = corrections.can_edit
    for text, call, possible in (
        ("Accept", corrections.accept, editable),
        ("Reject", corrections.reject, editable),
        ("Split here", lambda: corrections.split_at(time), corrections.can_split_at(time)),
        ("Merge with next", corrections.merge_with_next, corrections.can_merge),
        ("Remove", corrections.remove, editable),
    ):
        action = menu.addAction(text)
        action.triggered.connect(lambda _=False, call=call: call())
        action.setEnabled(possible)
    labels = menu.addMenu("Relabel to")
    labels.setEnabled(editable)
    for label in workspace.classes.labels:
        if chosen is None or label != chosen.label:
            action = labels.addAction(label.replace("&", "&&"))
            action.triggered.connect(lambda _=False, label=label: corrections.relabel(label))
    return menu
