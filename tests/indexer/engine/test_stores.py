"""Libraries that store vectors in Qdrant take an `EdgeClient` in place of a `QdrantClient`.

They have an environment of their own, `.venv-stores`, since Evoke depends on none of them. `make stores` makes it and
runs this test.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-stores" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="the libraries are not here: run `make stores`")


@pytest.mark.parametrize(("library", "n_left"), [("langchain", 3), ("llama-index", 1), ("haystack", 2)])
def test_a_library_stores_and_finds_with_the_embedded_engine(tmp_path: Path, library: str, n_left: int) -> None:
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("use_stores.py"), library, tmp_path / "index"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HAYSTACK_TELEMETRY_ENABLED": "False"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    assert answers["embedded"] == answers["local"]
    assert answers["embedded"]["left"] == n_left
