"""A benchmark that lacks a library says so at once, with the command that installs it."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("benchmark", "library", "extra", "arguments"),
    [
        ("stress", "locust", "stress", ["--home", "absent"]),
        ("distributed", "ray", "distributed", []),
        ("encoders", "gensim", "embeddings", ["absent"]),
    ],
)
def test_a_missing_library_is_named_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, benchmark: str, library: str, extra: str, arguments: list[str]
) -> None:
    main = importlib.import_module(f"benchmarks.{benchmark}").main
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr(sys, "argv", [benchmark, *arguments])
    with pytest.raises(SystemExit, match=rf"needs {library}: pip install 'evoke-search.*\[{extra}\]'"):
        main()
