"""Import libraries without all that they bring along: hidden modules, and models that pydantic builds when used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

from pydantic import BaseModel, ConfigDict


@contextmanager
def hide_module(module: str) -> Iterator[None]:
    """Make a module look missing to the imports of this thread inside the `with` block."""
    hidden = _Hidden(module, threading.get_ident())
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)


@contextmanager
def deferring_models() -> Iterator[None]:
    """Let pydantic build each model that is declared in the `with` block when it is first used.

    Of 400 models of `qdrant_client` a search uses a few dozen: the others take a quarter of a second, and 14 MB.
    """
    rebuild = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_config = ConfigDict(defer_build=True)
    BaseModel.model_rebuild = classmethod(lambda _model, **_: None)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        BaseModel.model_config = ConfigDict()
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]


class _Hidden(MetaPathFinder):
    """A finder that reports one module as missing to one thread; other threads can import it."""

    def __init__(self, module: str, thread: int) -> None:
        self._module = module
        self._thread = thread

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the signature of MetaPathFinder
        """Refuse the hidden module; leave every other module to the next finders.

        Raises:
            ModuleNotFoundError: The hidden module is imported by the thread it is hidden from.
        """
        if fullname == self._module and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is hidden here", name=fullname)
