"""Commands of the documentation, run as a reader runs them, and what they print compared with what the page shows."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_END = "--- end of a command ---"


@dataclass(frozen=True)
class Command:
    """A command after `$`, and what the page shows below it."""

    text: str
    shown: str


def read_console(text: str) -> list[Command]:
    """Return the commands of a console block; a command goes on while a quote or a backslash is open."""
    commands: list[Command] = []
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            command = line[2:]
            while _goes_on(command):
                command += "\n" + lines.pop(0)
            commands.append(Command(command, ""))
        elif not commands:
            raise ValueError(f"a console block begins with '$ ' and a command, not with {line!r}")
        else:
            commands[-1] = Command(commands[-1].text, f"{commands[-1].shown}{line}\n")
    return commands


def _goes_on(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return True
    return command.endswith("\\")


def run_bash(script: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a script to its end and return what a terminal would show.

    Raises:
        AssertionError: a command failed; the message has what was printed.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, text=True, timeout=200, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"exit code {done.returncode}:\n{done.stdout}"
    return done.stdout


def run_console(commands: list[Command], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return what each command prints. One whose output is shown may fail: the page says how."""
    steps = [
        f"{{\n{command.text}\n}}{' || true' if command.shown else ''}\necho\necho '{_END}'" for command in commands
    ]
    return run_bash("\n".join(steps), folder, environment).split(_END)[: len(commands)]


def is_shown(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed: `...` stands for anything, and what varies is not compared.

    Decimals, times and file sizes vary from machine to machine; white space is the page's own.
    """
    parts = [re.escape(_squeeze(part)) for part in shown.split("...")]
    return re.fullmatch(".*".join(parts), _squeeze(printed), re.DOTALL) is not None


def _squeeze(text: str) -> str:
    text = re.sub(r"\d[\d,]*\.\d+|\d+(?= (?:ms|s|kB)\b)", "#", text)
    return re.sub(r"\s", "", text)
