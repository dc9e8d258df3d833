"""Check whether artefacts fit the encoder, the text analyser and the taxonomy in use.

`python -m indexer.artefacts` prints a line for each that does not, and exits with 1 if there is one.

An artefact is a file that a training verb or `evoke tune` wrote. One that does not fit is not used, or not for the
values that it does not fit, and search works without it; only a tuning is used all the same. `evoke index`,
`evoke search --explain` and GET /readyz show a note for each misfit, with the command that makes a new one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from indexer.encoder.encoder import Encoder, open_encoder
from indexer.errors import BM25Invalid, TasteInvalid
from indexer.made_with import ANOTHER_ENCODER, MadeWith
from indexer.settings import IndexSettings, StorageSettings
from indexer.taste.file import load_taste
from indexer.taste.taste import Taste
from indexer.tuning_file import read_tuning
from indexer.values.head import ValueHead, load_value_head
from indexer.values.taxonomy import Taxonomy, load_taxonomy

MOST_NAMED = 5
"""The most values that a note names; it gives the number of the others."""

_TRAIN_VALUES = "evoke train-values CATALOGUE... --labels FILE... -o FILE"
_TRAIN_DESCRIPTIONS = "evoke train-descriptions BENCHMARK... -o FILE"


class Artefact(NamedTuple):
    """A kind of artefact.

    Attributes:
        name: Its name in a note.
        subject: What it is used for, in the plural: the subject of the note's sentence.
        fallback: What is done with the subject without it: the predicate of the sentence.
        command: The command that makes it.
        variable: The environment variable that names the file to use.
    """

    name: str
    subject: str
    fallback: str
    command: str
    variable: str


VALUE_HEAD = Artefact("value head", "works", "labelled by likeness alone", _TRAIN_VALUES, "EVOKE_VALUES_HEAD")
QUERY_CLASSIFIER = Artefact(
    "query classifier", "values", "not guessed from a query's meaning", _TRAIN_VALUES, "EVOKE_VALUES_HEAD"
)
QUERY_ADAPTER = Artefact(
    "query adapter", "the embeddings of descriptions", "used unchanged", _TRAIN_DESCRIPTIONS, "EVOKE_DESCRIPTIONS"
)
TERM_WEIGHTS = Artefact(
    "query adapter's list of term weights", "the terms of descriptions", "weighed alike", _TRAIN_DESCRIPTIONS,
    "EVOKE_DESCRIPTIONS",
)  # fmt: skip
READER = Artefact(
    "reader", "the wishes and titles in requests", "read by rules alone", "evoke train-reader -o FILE", "EVOKE_READER"
)
TASTE = Artefact(
    "taste file", "works", "recommended by content alone", "evoke train-taste RATINGS... -o FILE", "EVOKE_TASTE"
)
TUNING = Artefact("tuning", "its settings", "used all the same", "evoke tune BENCHMARK... -o FILE", "EVOKE_TUNING")


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether an artefact can be used.

    Attributes:
        artefact: The kind of artefact.
        problem: Why it does not fit at all, as the predicate of a sentence; None if it does.
        unknown: The values and tags that it was not trained on: names by dimension.
    """

    artefact: Artefact
    problem: str | None = None
    unknown: Mapping[str, str] | None = None

    @property
    def note(self) -> str | None:
        """One line: what does not fit, what is done instead, and the command to run; None if everything fits."""
        artefact = self.artefact
        remedy = f"to train one that fits: `{artefact.command}`, then set {artefact.variable}=FILE"
        if self.problem:
            return f"the {artefact.name} {self.problem}: {artefact.subject} are {artefact.fallback}; {remedy}"
        if self.unknown:
            verb = "are" if len(self.unknown) > 1 else "is"
            names = _list_names(self.unknown)
            return f"the {artefact.name} was not trained on {names}, which {verb} {artefact.fallback}; {remedy}"
        return None


def check_value_head(head: ValueHead, encoder: Encoder, taxonomy: Taxonomy) -> Fit:
    """Return whether a head's networks, which label works, fit."""
    made_with = MadeWith(encoder_fingerprint=head.encoder_fingerprint, analyser_version=head.analyser_version)
    return _check(VALUE_HEAD, made_with, encoder, taxonomy, head.unknown(taxonomy))


def check_query_classifier(head: ValueHead, encoder: Encoder, taxonomy: Taxonomy) -> Fit:
    """Return whether the query classifier in a head's file fits."""
    made_with = MadeWith(encoder_fingerprint=head.encoder_fingerprint)
    return _check(QUERY_CLASSIFIER, made_with, encoder, taxonomy, head.query_classifier.unknown(taxonomy))


def check_reader(encoder_fingerprint: str, encoder: Encoder) -> Fit:
    """Return whether a reader fits that was trained on the lower layers of the encoder with this fingerprint."""
    return Fit(READER, None if encoder_fingerprint == encoder.lower_fingerprint else ANOTHER_ENCODER)


def open_taste(path: Path | None, encoder: Encoder) -> tuple[Taste | None, Fit]:
    """Return what a taste file has, None without a file or if it does not fit, and whether it fits."""
    if path is None:
        return None, Fit(TASTE)
    try:
        taste = load_taste(path)
    except TasteInvalid as error:
        return None, Fit(TASTE, f"cannot be used ({error})")
    made_with = MadeWith(encoder_fingerprint=taste.encoder_fingerprint, analyser_version=taste.analyser_version)
    problem = made_with.problem(encoder)
    read = {kind.content_map.weights["text"].shape[0] for kind in taste.kinds.values()}
    if not problem and read != {encoder.dimension}:
        sizes = " and ".join(f"{size:,}" for size in sorted(read))
        differs = f"reads embeddings of {sizes} numbers, the encoder's have {encoder.dimension:,}"
        problem = f"cannot be used ({path}: {differs})"
    return (None if problem else taste), Fit(TASTE, problem)


def _check(
    artefact: Artefact, made_with: MadeWith, encoder: Encoder, taxonomy: Taxonomy, unknown: Sequence[str]
) -> Fit:
    problem = made_with.problem(encoder)
    if problem is None and len(unknown) == len(taxonomy.dimensions):
        problem = "was trained on none of the taxonomy's values"
    return Fit(artefact, problem, {each: taxonomy.names[each] for each in unknown})


def find_misfits(settings: StorageSettings, encoder: Encoder, taxonomy: Taxonomy) -> list[str]:
    """Return a note for each artefact that the settings name and that does not fit.

    Raises:
        ValueHeadInvalid, BM25Invalid: The head or the tuning cannot be read.
    """
    head = load_value_head(settings.values_head)
    fits = [
        check_value_head(head, encoder, taxonomy),
        check_query_classifier(head, encoder, taxonomy),
        *_check_query_adapter(settings.descriptions, encoder),
        _check_reader_file(settings.reader, encoder),
        open_taste(settings.taste, encoder)[1],
    ]
    if settings.tuning:
        tuning = read_tuning(settings.tuning, _TuningPart, BM25Invalid)
        fits.append(Fit(TUNING, tuning.made_with.problem(encoder)))
    return [fit.note for fit in fits if fit.note]


class _TuningPart(BaseModel):
    made_with: MadeWith = MadeWith()


def _check_query_adapter(path: Path | None, encoder: Encoder) -> list[Fit]:
    """Return whether the two parts of a query adapter fit, from the file's metadata; only search loads the weights."""
    try:
        metadata = _read_metadata(path, "query_adapter.safetensors")
        made_for = MadeWith(encoder_fingerprint=metadata["encoder_fingerprint"])
        counted_by = MadeWith(analyser_version=metadata["analyser_version"])
    except _UNREADABLE as error:
        return [Fit(QUERY_ADAPTER, _cannot_be_read(error))]
    return [Fit(QUERY_ADAPTER, made_for.problem(encoder)), Fit(TERM_WEIGHTS, counted_by.problem(encoder))]


def _check_reader_file(path: Path | None, encoder: Encoder) -> Fit:
    """Return whether a reader fits, from the file's metadata."""
    try:
        return check_reader(_read_metadata(path, "understanding/reader.safetensors")["encoder_fingerprint"], encoder)
    except _UNREADABLE as error:
        return Fit(READER, _cannot_be_read(error))


_UNREADABLE = (OSError, KeyError, ValueError, TypeError)


def _read_metadata(path: Path | None, packaged: str) -> dict[str, Any]:
    """Return the metadata of a file of search; None is the packaged one, named by its path in `search_api`.

    Raises:
        OSError, KeyError, ValueError, TypeError: It is not such a file.
    """
    from safetensors import SafetensorError, safe_open

    # The packaged file is found by its folder: a stage may not import from a later one.
    source = path if path is not None else files("search_api") / packaged
    try:
        with safe_open(str(source), framework="numpy") as opened:
            metadata: dict[str, Any] = json.loads(opened.metadata()["evoke"])
            return metadata
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _cannot_be_read(error: Exception) -> str:
    return f"cannot be read ({' '.join(str(error).split())})"


def _list_names(names: Mapping[str, str]) -> str:
    """Return names such as "E5 (inspiration), L9 (patience) and 7 more values"."""
    listed = ", ".join(f"{dimension} ({name})" for dimension, name in list(names.items())[:MOST_NAMED])
    return listed if len(names) <= MOST_NAMED else f"{listed} and {len(names) - MOST_NAMED:,} more values"


def main() -> int:
    """Print what does not fit; return 1 if there is something."""
    settings = IndexSettings()
    notes = find_misfits(settings, open_encoder(settings), load_taxonomy(settings.taxonomy))
    sys.stdout.writelines(
        f"{note}\n" for note in notes or ["everything fits the encoder, the analyser and the taxonomy"]
    )
    return 1 if notes else 0


if __name__ == "__main__":
    sys.exit(main())
