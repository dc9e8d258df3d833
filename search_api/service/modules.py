"""Join the modules of the page's scripts into one, so that a browser asks once and not forty times. Pure.

Each module stays in a scope of its own. The modules name each other as ECMAScript has it, in the forms that the page
uses: `import { a, b as c } from "./other.js"`, `import * as other from "./other.js"`, and `export` before each
declaration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as (\w+)) from "([^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def join_modules(texts: Mapping[str, str], entry: str) -> str:
    """Return a module, with all that it imports, as one script.

    Args:
        texts: The modules by path.
        entry: The path of the module that runs last, after those that it imports.

    Raises:
        ValueError: A module is missing, imports itself by way of others, or imports or exports in another form.
    """
    joined: dict[str, str] = {}

    def add(path: str, importing: tuple[str, ...]) -> None:
        if path in importing or path not in texts:
            raise ValueError(f"{' imports '.join((*importing, path))}: {'a circle' if path in texts else 'missing'}")
        for *_, given in _IMPORT.findall(texts[path]):
            if (imported := _resolve(path, given)) not in joined:
                add(imported, (*importing, path))
        joined[path] = _wrap(path, texts[path])

    add(entry, ())
    return "const modules = {};\n" + "".join(joined.values())


def _resolve(path: str, given: str) -> str:
    return normpath(join(dirname(path), given))


def _wrap(path: str, text: str) -> str:
    """Return a module as a function that runs at once and returns what the module exports."""

    def to_constant(found: re.Match[str]) -> str:
        names = f"{{{found[1].replace(' as ', ': ')}}}" if found[1] is not None else found[2]
        return f'const {names} = modules["{_resolve(path, found[3])}"];'

    body = _EXPORT.sub("", _IMPORT.sub(to_constant, text))
    if left := _LEFT.search(body):
        raise ValueError(f"{path}: {left[0]!r} is not in a form that can be joined")
    return f'modules["{path}"] = (() => {{\n{body}\nreturn {{ {", ".join(_EXPORT.findall(text))} }};\n}})();\n'
