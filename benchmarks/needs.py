"""Check that what a benchmark needs is installed, before minutes are spent on the rest."""

from __future__ import annotations

from importlib.util import find_spec

from crawler.extras import missing_library


def need(*modules: str) -> None:
    """End with the command that installs a library, if it is missing."""
    for module in modules:
        if find_spec(module) is None:
            raise SystemExit(missing_library(ModuleNotFoundError(name=module)))
