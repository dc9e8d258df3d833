"""Every number that was chosen by kind of query: fusion, cleaning, and what `evoke tune` replaces."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from crawler.records import ClosedModel
from indexer.artefacts import MadeWith
from indexer.bm25 import BM25

FusionMethod = Literal["rrf", "dbsf", "linear"]


QueryKind = Literal["described", "mood", "guess", "other"]


QUERY_KINDS: tuple[QueryKind, ...] = get_args(QueryKind)


CANDIDATES_PER_LEG = 200


class Fusion(ClosedModel):
    """How the legs' rankings become one: see `search_api.fusion`."""

    method: FusionMethod
    weights: dict[str, float] = Field(default_factory=dict, description="leg name to weight; a leg left out weighs 1")
    depth: int = Field(default=CANDIDATES_PER_LEG, ge=1, le=1_000, description="how many candidates each leg gives")


class Cleaning(ClosedModel):
    """What is done to the words of a query before the legs search for them."""

    unwrap: bool = Field(
        default=True, description="take off what was read of the words, and those that say nothing of the work"
    )
    weigh_terms: bool = Field(default=False, description="weigh BM25's terms as descriptions taught")
    most_terms: int | None = Field(
        default=None, ge=1, description="how many of BM25's terms are asked for, the most telling; null: all"
    )


class Cleanings(ClosedModel):
    """The cleaning of each kind of query."""

    described: Cleaning = Cleaning(weigh_terms=True)
    mood: Cleaning = Cleaning()
    guess: Cleaning = Cleaning()
    other: Cleaning = Cleaning()

    @classmethod
    def alike(cls, cleaning: Cleaning) -> Cleanings:
        """Gives one cleaning to every kind."""
        return cls(described=cleaning, mood=cleaning, guess=cleaning, other=cleaning)

    def of(self, kind: QueryKind) -> Cleaning:
        """Gives a kind's cleaning."""
        cleaning: Cleaning = getattr(self, kind)
        return cleaning


DEFAULT_CLEANINGS = Cleanings()


class Fusions(ClosedModel):
    """The fusion of each kind of query."""

    described: Fusion
    mood: Fusion
    guess: Fusion
    other: Fusion
    figures: dict[str, Any] = Field(default_factory=dict, description="what they were chosen by; search reads none")

    @classmethod
    def alike(cls, fusion: Fusion) -> Fusions:
        """Gives one fusion to every kind."""
        return cls(described=fusion, mood=fusion, guess=fusion, other=fusion)

    def of(self, kind: QueryKind) -> Fusion:
        """Gives a kind's fusion."""
        fusion: Fusion = getattr(self, kind)
        return fusion


class Tuned(Fusions):
    """What `evoke tune` chose. The indexer reads `bm25` of it: an index built by another has to be built anew."""

    bm25: BM25 = BM25()
    cleanings: Cleanings = DEFAULT_CLEANINGS
    made_with: MadeWith = Field(default=MadeWith(), description="the encoder and text analyser they were chosen with")

    @classmethod
    def of_fusions(cls, fusions: Fusions, **chosen: Any) -> Tuned:
        """Gives fusions with what else was chosen."""
        return cls(**{kind: fusions.of(kind) for kind in QUERY_KINDS}, **chosen)


TITLE_WEIGHT = 4.0
"""A work named by the whole query outweighs first places in two legs."""


DEFAULT_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 2.0})
"""Chosen on validation queries; docs/ranking.md has the table."""


MOOD_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 6.0, "text": 0.5})
"""For words that ask for values and say nothing else, such as "something funny"."""


GUESS_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 4.0})
"""For words whose values were guessed from their meaning, such as "make me believe in people again".

nDCG@10 by these two on the validation queries of films and books .408 and .728, by the default weights .316 and .708;
on paraphrases of them that name no value (180 and 120, written without knowledge of the taxonomy's words) .290 and
.569, without guessing .216 and .483."""


DEFAULT_FUSIONS = Fusions(described=DEFAULT_FUSION, mood=MOOD_FUSION, guess=GUESS_FUSION, other=DEFAULT_FUSION)
