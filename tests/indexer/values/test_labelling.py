"""What only reviews tell is not read into descriptions, and changes no other label."""

from __future__ import annotations

from pathlib import Path

from fakes import FakeEncoder

from crawler.records import SourceRecord
from indexer.analysis import Analyser
from indexer.encoder.encoder import Encoder
from indexer.features import FeatureMaker
from indexer.merging.merging import merge_records
from indexer.records import ValueLabel
from indexer.values.labelling import TrainedLabeller, ZeroShotLabeller, open_labeller
from indexer.values.taxonomy import Taxonomy, load_taxonomy

TEXT = "A slow and moving farewell to a lighthouse. The storms teach her hope again. Nothing happens for a long time."


def without_reviews(taxonomy: Taxonomy) -> Taxonomy:
    """Return a taxonomy without the tags that only reviews tell."""
    kept = tuple(tag for tag in taxonomy.tags if tag.id not in taxonomy.from_reviews)
    return taxonomy.model_copy(update={"tags": kept})


def label(taxonomy: Taxonomy, encoder: Encoder) -> dict[str, ValueLabel]:
    """Return the labels of a film by the packaged head."""
    labeller = open_labeller(Taxonomy.model_validate(taxonomy.model_dump()), encoder)
    work = merge_records([SourceRecord(source="test", source_id="1", kind="movie", title="Farewell", description=TEXT)])
    maker = FeatureMaker(Analyser(), encoder)
    (labels,) = labeller.label(maker.embed(maker.analyse([work])))
    return {each.value_id: each for each in labels}


def test_a_description_does_not_tell_what_only_reviews_tell(real_encoder: Encoder) -> None:
    taxonomy = load_taxonomy()
    assert {"T-slow", "T-moving", "T-rewatchable", "T-disappointing"} == taxonomy.from_reviews
    assert isinstance(open_labeller(taxonomy, real_encoder), TrainedLabeller)
    labels = label(taxonomy, real_encoder)
    assert list(labels) == list(taxonomy.dimensions)
    for dimension in taxonomy.from_reviews:
        assert labels[dimension] == ValueLabel(dimension, 0.0, 0.0, None)
    others = {dimension: each for dimension, each in labels.items() if dimension not in taxonomy.from_reviews}
    assert all(each.evidence is not None for each in others.values())
    assert others == label(without_reviews(taxonomy), real_encoder)


def test_labels_are_made_anew_when_another_value_is_left_to_reviews(tmp_path: Path) -> None:
    text = 'version = "1"\n[[values]]\nid = "V1"\nname = "storms"\nfacet = "emotion"\ndescription = "Storms."\n'
    (tmp_path / "before.toml").write_text(text, encoding="utf-8")
    (tmp_path / "after.toml").write_text(f"{text}from_reviews = true\n", encoding="utf-8")
    before, after = (
        ZeroShotLabeller(load_taxonomy(tmp_path / f"{name}.toml"), FakeEncoder())  # type: ignore[arg-type]
        for name in ("before", "after")
    )
    assert before.fingerprint != after.fingerprint
    assert before.dimensions_of("movie") == {"V1"}
    assert after.dimensions_of("movie") == frozenset()
