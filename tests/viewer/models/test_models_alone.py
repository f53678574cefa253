"""Models work without a widget in sight."""

import subprocess
import sys


def test_models_load_no_widgets() -> None:
    code = (
        "import sys, pkgutil, importlib, lpat_viewer.models as models\n"
        "for module in pkgutil.iter_modules(models.__path__):\n"
        "    importlib.import_module(f'lpat_viewer.models.{module.name}')\n"
        "print(*(name for name in sys.modules if name.startswith(('PySide6.', 'pyqtgraph'))))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "PySide6.QtCore" in loaded
    assert not {"PySide6.QtWidgets", "PySide6.QtGui", "pyqtgraph"} & set(loaded)
