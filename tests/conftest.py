"""What all tests share: the folder of real videos, where there is one."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real videos and annotations that lies beside the project, or a skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: there is no folder ../shared/data beside the project")
    return folder
