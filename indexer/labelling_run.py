"""`evoke label`: catalogues to what each work gives, as JSON Lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from indexer.analysis import Analyser
from indexer.embedding import Encoder
from indexer.features import FeatureMaker
from indexer.labelling import open_labeller
from indexer.pipeline import prepare_works
from indexer.records import ValueLabel, Work
from indexer.settings import IndexSettings
from indexer.values import Taxonomy, load_taxonomy


def label_catalogues(catalogues: Sequence[Path], settings: IndexSettings, output: Path) -> int:
    """Writes a line for each work of the catalogues; gives how many.

    Raises:
        CatalogueMissing, NothingToIndex, StorageFailed: as for `build_index`.
    """
    encoder = Encoder(settings.model)
    labeller = open_labeller(load_taxonomy(settings.taxonomy), encoder, settings.values_head)
    n_works = 0
    with output.open("wb") as file:
        for work, features in prepare_works(catalogues, settings, FeatureMaker(Analyser(), encoder)):
            file.write(
                orjson.dumps(
                    labels_to_line(work, labeller.label(features), labeller.taxonomy), option=orjson.OPT_APPEND_NEWLINE
                )
            )
            n_works += 1
    return n_works


def labels_to_line(work: Work, labels: Sequence[ValueLabel], taxonomy: Taxonomy) -> dict[str, Any]:
    """Gives a work's probabilities, of values by id and of community tags by name, and evidence for the values."""
    values = {label.value_id: label for label in labels if label.value_id in taxonomy.by_id}
    return {
        "id": work.id,
        "ids": work.ids,
        "values": {name: round(label.probability, 4) for name, label in values.items()},
        "tags": {
            taxonomy.names[label.value_id]: round(label.probability, 4)
            for label in labels
            if label.value_id not in values
        },
        "evidence": {
            name: {
                "text": work.description[label.evidence.start : label.evidence.end],
                "start": label.evidence.start,
                "end": label.evidence.end,
            }
            for name, label in values.items()
            if label.evidence
        },
    }
