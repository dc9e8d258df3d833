"""Settings -> the fusion of each kind of query, its cleaning, and BM25."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from search_api.errors import TuningInvalid
from search_api.fusion import DEFAULT_FUSIONS
from search_api.records import QUERY_KINDS, Tuned
from search_api.settings import SearchSettings


def open_tuned(settings: SearchSettings) -> Tuned:
    """Gives what a tuning chose, else what ships; with one fusion for every query where the settings say so.

    Raises:
        TuningInvalid: the tuning cannot be read, or is none.
    """
    tuned = read_tuned(settings.tuning) if settings.tuning else Tuned.of_fusions(DEFAULT_FUSIONS)
    return tuned.model_copy(update=dict.fromkeys(QUERY_KINDS, settings.fusion)) if settings.fusion else tuned


def read_tuned(path: Path) -> Tuned:
    """Gives what `evoke tune` wrote."""
    try:
        return Tuned.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TuningInvalid(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TuningInvalid(
            f"{path}: is no file of `evoke tune`: {f'{place}: ' * bool(place)}{first['msg']}"
        ) from error
