"""Import libraries in less time: without an optional module, without building models, without collecting garbage."""

from __future__ import annotations

import gc
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
def without_collecting() -> Iterator[None]:
    """Collect no garbage in the `with` block, which loads much: looking through it takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def import_client() -> None:
    """Import `qdrant_client`, whose models pydantic then builds when each is first used.

    Of its 400 models a search uses a few dozen: the others take a quarter of a second of processor time, and 14 MB.
    Imported without this function, they are only built at once. Call it while one thread runs.
    """
    if "qdrant_client" in sys.modules:
        return
    rebuild = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_config = ConfigDict(defer_build=True)
    # The client asks to build each of its models when all are declared.
    BaseModel.model_rebuild = classmethod(lambda _model, **_: None)  # type: ignore[assignment, method-assign]
    try:
        import qdrant_client  # noqa: F401
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
