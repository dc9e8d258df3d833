"""Settings -> the fusion of each kind of query, its cleaning, and BM25."""

from __future__ import annotations

from indexer.tuning_file import read_tuning
from search_api.errors import TuningInvalid
from search_api.fusion import DEFAULT_FUSIONS
from search_api.records import QUERY_KINDS, Tuned
from search_api.settings import SearchSettings


def open_tuned(settings: SearchSettings) -> Tuned:
    """Gives what a tuning chose, else what ships; with one fusion for every query where the settings say so.

    Raises:
        TuningInvalid: the tuning cannot be read, or is none.
    """
    ships = Tuned.of_fusions(DEFAULT_FUSIONS)
    tuned = read_tuning(settings.tuning, Tuned, TuningInvalid) if settings.tuning else ships
    return tuned.model_copy(update=dict.fromkeys(QUERY_KINDS, settings.fusion)) if settings.fusion else tuned
