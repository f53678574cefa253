"""What the command loads, and when."""

from collections.abc import Callable

TOOLKITS = {"PySide6", "pyqtgraph", "numpy", "av", "cv2", "onnxruntime"}


def test_help_loads_neither_qt_nor_anything_else_that_is_slow(
    modules_loaded_by_help: Callable[[str], set[str]],
) -> None:
    assert not modules_loaded_by_help("lpat_viewer.cli") & TOOLKITS
