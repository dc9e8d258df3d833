"""Declare and run verbs (the commands of `evoke`), read their settings, and print what they refuse in one line."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperCommand
from typer.main import get_command

from crawler.extras import missing_library

if TYPE_CHECKING:
    from pydantic import ValidationError

    from crawler.settings import HomeSettings, Variable

PROGRAM = "evoke"
MEASURE_FELL = 1
USAGE_ERROR = 2
INTERRUPTED = 130
"""Exit codes, with 0 for success."""

S = TypeVar("S", bound="HomeSettings")
Function = TypeVar("Function", bound=Callable[..., Any])


class Refused(Exception):
    """A verb refuses an argument or a setting; the message is one line."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The settings and errors of all stages, as `module:name`, so that nothing is imported before it is needed.

    Attributes:
        settings: The settings classes, the cheapest to import first.
        errors: The base class of each stage's errors, which a verb reports in one line.
    """

    settings: Sequence[str]
    errors: Sequence[str]

    def variables(self) -> list[Variable]:
        """Return every environment variable that a setting is read from, as the documentation lists them."""
        from crawler.settings import describe_variables

        return describe_variables(resolve_name(name) for name in self.settings)


def verb(app: typer.Typer, name: str, example: str) -> Callable[[Function], Function]:
    """Declare a function as a verb of `app`; its docstring is the help."""
    return app.command(name, cls=Verb, epilog=f"\b\nExample: {example}")


def run(app: typer.Typer, stages: Stages, arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 a measure fell, 2 refused in one line, 130 interrupted."""
    _escape_missing_characters()
    words = None if arguments is None else list(arguments)
    try:
        code = get_command(app).main(words, prog_name=PROGRAM, standalone_mode=False, obj=stages)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else PROGRAM
        _print_error(command, f"{_usage_problem(error)} (see {command} --help)")
        return USAGE_ERROR
    return code if isinstance(code, int) else 0


class Verb(TyperCommand):
    """A command whose options may take several values after one flag, and whose failures are one line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments after repeating the flag of a repeatable option before each of its values."""
        options = [parameter for parameter in self.params if parameter.param_type_name == "option"]
        flags = {flag for option in options for flag in option.opts}
        valued = {flag for option in options if not getattr(option, "is_flag", False) for flag in option.opts}
        for flag, value in pairwise(args):
            if flag == "--":
                break
            if flag in valued and value in flags:
                ctx.fail(f"Option {flag} needs a value before {value}")
        repeatable = {flag for option in options if option.multiple for flag in option.opts}
        try:
            return super().parse_args(ctx, spread_values(args, repeatable))
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:  # the parser's own errors do not know the verb
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options as Typer does, without the Python types of arguments."""
        arguments = [parameter for parameter in self.params if parameter.param_type_name == "argument"]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(a.metavar or a.name, getattr(a, "help", None) or "") for a in arguments])
        options = [parameter for parameter in self.get_params(ctx) if parameter not in arguments]
        with formatter.section("Options"):
            formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])

    def invoke(self, ctx: Any) -> int:
        """Run the verb and return its exit code."""
        warn_of_unknown_variables(ctx.command_path, ctx.obj.settings)
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except typer.Exit as ended:
            return ended.exit_code
        except KeyboardInterrupt:
            _print_error(ctx.command_path, "interrupted; what was done is kept, run it again to go on")
            return INTERRUPTED
        except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            line = _refusal(error, ctx.obj.errors)
            if line is None:
                raise
            _print_error(ctx.command_path, name_origin(line, [*_path_arguments(ctx), *_variables()]))
            return USAGE_ERROR
        return 0


def spread_values(arguments: Sequence[str], repeatable: set[str]) -> list[str]:
    """Return the arguments with the flag repeated before each value: `--ids A B` becomes `--ids A --ids B`.

    Click reads one value after a flag. A flag's values end at the next argument that begins with a dash.
    """
    spread: list[str] = []
    flag, n_values = None, 0
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*spread, *arguments[position:]]
        if argument.startswith("-") and argument != "-":
            flag, n_values = (argument if argument in repeatable else None), 0
        elif flag:
            if n_values:
                spread.append(flag)
            n_values += 1
        spread.append(argument)
    return spread


def read_settings(kind: type[S]) -> S:
    """Return the settings that the environment describes.

    Raises:
        Refused: A variable cannot be used; the message names it.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return kind()
    except ValidationError as error:
        from crawler.plain_problems import plain_problem

        problem = error.errors()[0]
        field, *place = problem["loc"] or ("",)
        where = ".".join(map(str, (kind.variable(str(field)), *place)))
        # A check of several settings names them itself.
        raise Refused(f"{where}: {plain_problem(problem)}" if field else plain_problem(problem)) from error
    except SettingsError as error:  # the message quotes the field, and not the variable
        variables = [kind.variable(name) for name in kind.model_fields if f'"{name}"' in str(error)]
        raise Refused(f"{', '.join(variables) or error}: is not JSON") from error


def describe_problem(error: ValidationError, *place: object) -> str:
    """Return a record's first problem as `place: what is wrong`."""
    return f"{'.'.join(map(str, place))}: {error.errors()[0]['msg'].removeprefix('Value error, ')}"


def check_output_files(*files: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse output files that cannot be there, before minutes are spent on their content.

    Args:
        files: The files that will be written; None is no file.
        inputs: The files that are read, which no output may replace.

    Raises:
        Refused: A file is a folder, its folder does not exist, or the file is an input or another output too.
    """
    taken = [(_identity(file), "is read too") for file in inputs if file]
    for file in files:
        if file and file.is_dir():
            raise Refused(f"{file}: is a folder: name a file")
        if file and not file.parent.is_dir():
            raise Refused(f"{file}: its folder does not exist: create {file.parent}, or name another file")
        if file and (file.is_file() or not file.exists()):  # a device, such as /dev/null, may be named twice
            for identity, why in taken:
                if identity == _identity(file):
                    raise Refused(f"{file}: {why}: name another file for the output")
            taken.append((_identity(file), "is written twice"))


def _identity(file: Path) -> object:
    """Return what two names of one file, such as a link and its target, have in common."""
    try:
        found = file.stat()
    except OSError:
        return file.resolve()
    return found.st_dev, found.st_ino


def check_output_folders(*folders: Path | None) -> None:
    """Refuse output folders, which are created if they are missing, that cannot be there.

    Raises:
        Refused: A folder, or one that it would lie in, is a file.
    """
    for folder in folders:
        nearest = next((path for path in (folder, *folder.parents) if path.exists()), None) if folder else None
        if nearest and not nearest.is_dir():
            raise Refused(f"{folder}: {'is' if nearest == folder else f'{nearest} is'} a file: name a folder")


def warn_of_unknown_variables(command: str, settings: Sequence[str]) -> None:
    """Write a line for each `EVOKE_` variable that no setting reads. Those that begin with `EVOKE_TEST_` are exempt."""
    from crawler.settings import PREFIX

    given = {name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")}
    known: set[str] = set()
    for name in settings:  # the later classes take up to 0.8 s to import: most environments need the first only
        if given <= known:
            return
        kind: type[HomeSettings] = resolve_name(name)
        known |= {kind.variable(field) for field in kind.model_fields}
    for name in sorted(given - known):
        close = get_close_matches(name, known, n=1, cutoff=0.8)
        _print_error(
            command, f"{name} is not a setting" + (f": did you mean {close[0]}?" if close else "; it has no effect")
        )


def name_origin(line: str, places: Sequence[tuple[str, str]]) -> str:
    """Return a message about a path, preceded by the option or variable that named the path.

    Args:
        line: The message. It begins with the path (`/data/values.toml: No such file or directory`) or quotes it.
        places: Options and variables, each with the path it named. Of the paths that the message begins with or
            quotes, the longest counts, and of equal ones the first. A file in a named folder counts as the folder's.
    """
    origins = [(len(path), name) for name, path in places if path and _names_path(line, path)]
    if not origins:
        return line
    _, name = max(origins, key=lambda origin: origin[0])
    return line if name in line else f"{name}: {line}"


def _names_path(line: str, path: str) -> bool:
    ends = {"", ":", ",", ";", os.sep}
    if not path.isalpha():  # a folder called "a" is not the first word of a sentence
        ends.add(" ")
    begins = line.startswith(path) and line[len(path) : len(path) + 1] in ends
    return begins or f"'{path}'" in line


def _path_arguments(ctx: Any) -> Iterator[tuple[str, str]]:
    """Yield the verb's paths, each with its option (`--ids-file`) or the name of its argument (`CATALOGUE`)."""
    for parameter in ctx.command.params:
        given = ctx.params.get(parameter.name)
        is_option = parameter.param_type_name == "option"
        name = max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name
        for path in given if isinstance(given, list) else [given]:
            if isinstance(path, Path):
                yield name, str(path)


def _variables() -> Iterator[tuple[str, str]]:
    from crawler.settings import PREFIX

    for name, text in os.environ.items():
        if name.startswith(PREFIX):
            yield name, text
            yield name, os.path.expanduser(text)  # noqa: PTH111 - a path would take a slash from `http://`


def _refusal(error: Exception, names: Sequence[str]) -> str | None:
    """Return the line for an error that is the input's or the machine's; None for a fault of the program."""
    known = [resolve_name(name) for name in names if name.partition(":")[0] in sys.modules]
    if isinstance(error, (Refused, *known)):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return missing_library(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return None


def _usage_problem(error: typer.TyperException) -> str:
    close = getattr(error, "possibilities", None)
    problem = error.message if close else error.format_message()
    problem = re.sub("^(No such|Missing) command", r"\1 verb", problem).replace("Value error, ", "").rstrip(".")
    if close:
        return f"{problem}. Did you mean {' or '.join(close)}?"
    if problem.startswith("No such option") and _takes_arguments(getattr(error, "ctx", None)):
        return f"{problem}; write -- before a text or file that begins with a dash"
    return problem


def _takes_arguments(ctx: Any) -> bool:
    return ctx is not None and any(parameter.param_type_name == "argument" for parameter in ctx.command.params)


def _print_error(command: str, line: str) -> None:
    typer.echo(f"{command}: {' '.join(line.split())}", err=True)


def _escape_missing_characters() -> None:
    """Print the code of a character that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
