"""Ctrl+C ends the wait for a long call of native code."""

from __future__ import annotations

import signal
import threading

import pytest

from indexer.engine.interruptible import run_interruptibly


def test_an_error_of_the_call_is_raised() -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run_interruptibly(fail)


def test_an_interrupt_ends_the_wait_but_not_the_call() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def call() -> None:
        signal.raise_signal(signal.SIGINT)
        may_end.wait(60)
        ended.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore SIGINT
    try:
        with pytest.raises(KeyboardInterrupt):
            run_interruptibly(call)
        assert not ended.is_set()
    finally:
        may_end.set()
        signal.signal(signal.SIGINT, before)
    assert ended.wait(60)
