"""The file that `evoke tune` writes; index and search each read their part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Part = TypeVar("Part", bound=BaseModel)


def read_tuning(path: Path, part: type[Part], refusal: Callable[[str], Exception]) -> Part:
    """Return a part of a tuning.

    Args:
        path: The file.
        part: The fields to read; the others are ignored.
        refusal: The function that makes the error to raise from its message.

    Raises:
        Exception: What `refusal` returned.
    """
    try:
        return part.model_validate_json(path.read_bytes())
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise refusal(f"{path}: is not a file of `evoke tune`: {f'{place}: ' * bool(place)}{first['msg']}") from error
