"""Long calls of native code that Ctrl+C ends the wait for: Python hears a signal only between its own instructions."""

import threading
from collections.abc import Callable

_POLL_SECONDS = 0.1


def run_interruptibly(call: Callable[[], object]) -> None:
    """Runs a call in a thread and waits for it.

    Interrupted, it goes on until it is done or the process ends: leave alone what it uses.
    """
    failed: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
    if failed:
        raise failed[0]
