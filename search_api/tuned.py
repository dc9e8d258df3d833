"""Settings -> the fusion of each kind of query."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from search_api.errors import TuningInvalid
from search_api.fusion import DEFAULT_FUSIONS
from search_api.records import Fusions
from search_api.settings import SearchSettings


def open_fusions(settings: SearchSettings) -> Fusions:
    """Gives one fusion for every query where the settings say so, else those of a tuning, else those that ship.

    Raises:
        TuningInvalid: the tuning cannot be read, or is none.
    """
    if settings.fusion:
        return Fusions.alike(settings.fusion)
    return read_fusions(settings.tuning) if settings.tuning else DEFAULT_FUSIONS


def read_fusions(path: Path) -> Fusions:
    """Gives what `evoke tune` wrote."""
    try:
        return Fusions.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TuningInvalid(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TuningInvalid(
            f"{path}: is no file of `evoke tune`: {f'{place}: ' * bool(place)}{first['msg']}"
        ) from error
