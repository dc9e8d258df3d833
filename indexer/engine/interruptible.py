"""Let Ctrl+C end the wait for a long native call: Python handles signals only between its own instructions."""

import threading
from collections.abc import Callable

_POLL_SECONDS = 0.1


def run_interruptibly(call: Callable[[], object]) -> None:
    """Run a call in a thread and wait for it.

    After an interrupt the call goes on until it is done or the process ends, so the caller must not use its objects.
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
