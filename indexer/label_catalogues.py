"""`evoke label`: write the values and tags of each work of catalogues as JSON Lines."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from crawler.whole_files import replacing
from indexer.analysis import Analyser
from indexer.artefacts import check_value_head
from indexer.encoder.encoder import open_encoder
from indexer.features import FeatureMaker
from indexer.pipeline import prepare_works
from indexer.records import ValueLabel, Work
from indexer.settings import IndexSettings
from indexer.stages import batched
from indexer.values.head import load_value_head
from indexer.values.labelling import Labeller, open_labeller
from indexer.values.taxonomy import load_taxonomy
from indexer.values.voices import hear

LABEL_BATCH = 512

logger = logging.getLogger(__name__)


def label_catalogues(catalogues: Sequence[Path], settings: IndexSettings, output: Path) -> int:
    """Write a line for each work of the catalogues and return their number; it replaces an earlier file at the end.

    Raises:
        CatalogueMissing, NothingToIndex, StorageFailed: As for `build_index`.
    """
    encoder = open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    labeller = open_labeller(taxonomy, encoder, settings.values_head)
    if note := check_value_head(load_value_head(settings.values_head), encoder, taxonomy).note:
        logger.warning(note)
    works = prepare_works(catalogues, settings, FeatureMaker(Analyser(), encoder), taxonomy)
    n_works = 0
    with replacing(output) as unfinished, unfinished.open("wb") as file:
        for batch in batched(works, LABEL_BATCH):
            described = labeller.label([(work, features) for work, features, _ in batch])
            for (work, _, summary), labels in zip(batch, described, strict=True):
                heard = hear(labels, summary, labeller.voices, taxonomy) if summary else labels
                line = labels_to_line(work, heard, labeller)
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            n_works += len(batch)
    return n_works


def labels_to_line(work: Work, labels: Sequence[ValueLabel], labeller: Labeller) -> dict[str, Any]:
    """Return the line of a work: probabilities of values by id and of tags by name, and the evidence for the values.

    Only tags that people give to works of this kind are listed: a film is never shelved as "picture book". What only
    reviews tell is left out of works without reviews.
    """
    taxonomy = labeller.taxonomy
    of_kind = labeller.dimensions_of(work.kind)
    known = [label for label in labels if work.n_reviews or label.value_id not in taxonomy.from_reviews]
    values = {label.value_id: label for label in known if label.value_id in taxonomy.by_id}
    shown = of_kind | (taxonomy.from_reviews if work.n_reviews else frozenset())
    tags = [label for label in known if label.value_id not in values and label.value_id in shown]
    return {
        "id": work.id,
        "ids": work.ids,
        "values": {name: round(label.probability, 4) for name, label in values.items()},
        "tags": {taxonomy.names[label.value_id]: round(label.probability, 4) for label in tags},
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
