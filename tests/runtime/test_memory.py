"""Memory between videos."""

import gc
import weakref

from lpat.memory import give_back_memory


class Ring:
    """Holds itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_holds_itself_is_freed_at_once() -> None:
    enabled = gc.isenabled()
    gc.disable()
    try:
        gone = weakref.ref(Ring())
        assert gone() is not None
        give_back_memory()
        assert gone() is None
    finally:
        if enabled:
            gc.enable()
