# The public names for type checkers: in Python each is loaded when first asked for.

from lpat_train.demo.render import render_dataset
from lpat_train.from_python import Run, read_run, train

__all__ = ["Run", "read_run", "render_dataset", "train"]
