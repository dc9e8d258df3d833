"""Every number that was chosen by kind of query: fusion, cleaning, and what `evoke tune` replaces."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from crawler.records import ClosedModel
from indexer.artefacts import MadeWith
from indexer.bm25 import BM25
from indexer.legs import LEGS

FusionMethod = Literal["rrf", "dbsf", "linear"]

QueryKind = Literal["described", "mood", "guess", "other"]
QUERY_KINDS: tuple[QueryKind, ...] = get_args(QueryKind)

CANDIDATES_PER_LEG = 200

TITLE = "title"
"""The works whose title is the whole query. Search looks these up itself: a title of stop words has no BM25 terms."""
YEAR = "year"
"""How near a work is to the years that a description gives. Search scores this itself, for other legs' candidates."""
WEIGHED_LEGS: tuple[str, ...] = (*LEGS, TITLE, YEAR)
"""Everything that a fusion weighs: the legs of the index, and two that search makes itself."""


def _check_leg(name: str) -> str:
    if name not in WEIGHED_LEGS:
        raise ValueError(f"{name!r} is not a leg; there are {', '.join(WEIGHED_LEGS)}")
    return name


class Fusion(ClosedModel):
    """How the legs' rankings become one: see `search_api.fusion`."""

    method: FusionMethod
    weights: dict[Annotated[str, AfterValidator(_check_leg)], float] = Field(
        default_factory=dict, description="leg name to weight; a leg left out weighs 1"
    )
    depth: int = Field(default=CANDIDATES_PER_LEG, ge=1, le=1_000, description="how many candidates each leg gives")


class Cleaning(ClosedModel):
    """What is done to the words of a query before the legs search for them."""

    unwrap: bool = Field(
        default=True, description="remove the words that were understood, and those that do not describe the work"
    )
    weigh_terms: bool = Field(default=False, description="weigh BM25's terms as the query adapter learnt")
    most_terms: int | None = Field(
        default=None, ge=1, description="how many of BM25's terms to search for, rarest first; null: all"
    )


class Cleanings(ClosedModel):
    """The cleaning of each kind of query."""

    described: Cleaning = Cleaning(weigh_terms=True)
    mood: Cleaning = Cleaning()
    guess: Cleaning = Cleaning()
    other: Cleaning = Cleaning()

    @classmethod
    def alike(cls, cleaning: Cleaning) -> Cleanings:
        """Return the same cleaning for every kind."""
        return cls(described=cleaning, mood=cleaning, guess=cleaning, other=cleaning)

    def of(self, kind: QueryKind) -> Cleaning:
        """Return the cleaning of a kind."""
        cleaning: Cleaning = getattr(self, kind)
        return cleaning


DEFAULT_CLEANINGS = Cleanings()


class Fusions(ClosedModel):
    """The fusion of each kind of query."""

    described: Fusion
    mood: Fusion
    guess: Fusion
    other: Fusion
    figures: dict[str, Any] = Field(
        default_factory=dict, description="the measurements that chose them; search does not read these"
    )

    @classmethod
    def alike(cls, fusion: Fusion) -> Fusions:
        """Return the same fusion for every kind."""
        return cls(described=fusion, mood=fusion, guess=fusion, other=fusion)

    def of(self, kind: QueryKind) -> Fusion:
        """Return the fusion of a kind."""
        fusion: Fusion = getattr(self, kind)
        return fusion


class Tuned(Fusions):
    """What `evoke tune` chose. The indexer reads its `bm25`: an index built with another has to be rebuilt."""

    bm25: BM25 = BM25()
    cleanings: Cleanings = DEFAULT_CLEANINGS
    made_with: MadeWith = Field(default=MadeWith(), description="the encoder and text analyser they were chosen with")

    @classmethod
    def of_fusions(cls, fusions: Fusions, **chosen: Any) -> Tuned:
        """Return fusions together with the other choices."""
        return cls(**{kind: fusions.of(kind) for kind in QUERY_KINDS}, **chosen)


TITLE_WEIGHT = 4.0
"""A work that the whole query names outweighs first places in two legs."""

DEFAULT_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 2.0})
"""Chosen on validation queries; docs/ranking.md has the table."""

MOOD_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 6.0, "text": 0.5})
"""For words that ask for values and for nothing else, such as "something funny"."""

GUESS_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 4.0})
"""For words whose values were guessed from their meaning, such as "let me see the world with a child's eyes".

nDCG@10 with these weights on the validation queries of films and books: .408 and .728; with the default weights: .316
and .708. On paraphrases that name no value (180 and 120, written without knowledge of the taxonomy's words): .290 and
.569 with guessing, .216 and .483 without."""

DEFAULT_FUSIONS = Fusions(described=DEFAULT_FUSION, mood=MOOD_FUSION, guess=GUESS_FUSION, other=DEFAULT_FUSION)
