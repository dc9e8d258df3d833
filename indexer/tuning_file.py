"""The file of `evoke tune`, of which index and search each read their part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Part = TypeVar("Part", bound=BaseModel)


def read_tuning(path: Path, part: type[Part], refusal: Callable[[str], Exception]) -> Part:
    """Gives a part of what a file of `evoke tune` says.

    Raises:
        Exception: what `refusal` makes of the reason why the file cannot be used.
    """
    try:
        return part.model_validate_json(path.read_bytes())
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise refusal(f"{path}: is no file of `evoke tune`: {f'{place}: ' * bool(place)}{first['msg']}") from error
