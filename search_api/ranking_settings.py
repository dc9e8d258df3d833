"""The settings that depend on the kind of a query: fusion and cleaning, which `evoke tune` chooses."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from crawler.records import ClosedModel
from indexer.bm25 import BM25
from indexer.legs import LEGS, TASTE
from indexer.made_with import MadeWith

FusionMethod = Literal["rrf", "dbsf", "linear"]

QueryKind = Literal["described", "mood", "guess", "subject", "liked", "other"]
QUERY_KINDS: tuple[QueryKind, ...] = get_args(QueryKind)

CANDIDATES_PER_LEG = 200

TITLE = "title"
"""The leg of works whose title is the whole query. Search looks them up itself: stop words alone have no BM25 terms."""
YEAR = "year"
"""The leg of nearness to the years that a description names. Search scores the candidates of the other legs by it."""
PROFILE = "profile"
"""The leg of likeness to the values and tags of named works. Search scores the candidates of the other legs by it."""
KIN = "kin"
"""The leg of likeness to the genres, directors and authors of named works, computed in the same way."""
KNOWN = "known"
"""The leg of well-known works: a bonus by the number of ratings, see `search_api.candidates`."""
GENRES, MAKERS = "genres", "makers"
"""The two halves of `kin`, which recommendations weigh apart."""
WEIGHED_LEGS: tuple[str, ...] = (*LEGS, TASTE, TITLE, YEAR, PROFILE, KIN, GENRES, MAKERS, KNOWN)
"""The legs that a fusion weighs: those of the index, and those that search computes itself."""


def _check_leg(name: str) -> str:
    if name not in WEIGHED_LEGS:
        raise ValueError(f"{name!r} is not a leg; there are {', '.join(WEIGHED_LEGS)}")
    return name


class Fusion(ClosedModel):
    """How to fuse the legs' rankings into one; `search_api.fusion` has the formulas."""

    method: FusionMethod
    weights: dict[Annotated[str, AfterValidator(_check_leg)], float] = Field(
        default_factory=dict, description="leg name to weight; a leg left out weighs 1"
    )
    depth: int = Field(
        default=CANDIDATES_PER_LEG, ge=1, le=1_000, description="how many candidates of each leg are fused"
    )


class Cleaning(ClosedModel):
    """What is done to the words of a query before the legs search for them."""

    unwrap: bool = Field(
        default=True, description="remove the words that were understood, and those that do not describe the work"
    )
    weigh_terms: bool = Field(default=False, description="weigh the BM25 terms by the query adapter")
    most_terms: int | None = Field(
        default=None, ge=1, description="how many of BM25's terms to search for, rarest first; null: all"
    )


class Cleanings(ClosedModel):
    """The cleaning of each kind of query."""

    described: Cleaning = Cleaning(weigh_terms=True)
    mood: Cleaning = Cleaning()
    guess: Cleaning = Cleaning()
    subject: Cleaning = Cleaning()
    liked: Cleaning = Cleaning()
    other: Cleaning = Cleaning()

    @classmethod
    def for_every_kind(cls, cleaning: Cleaning) -> Cleanings:
        """Return the same cleaning for every kind of query."""
        return cls(described=cleaning, mood=cleaning, guess=cleaning, subject=cleaning, liked=cleaning, other=cleaning)

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
    subject: Fusion = Field(description="where it is left out: that of `other`")
    liked: Fusion = Field(description="where it is left out: that of `other`")
    other: Fusion
    figures: dict[str, Any] = Field(
        default_factory=dict, description="the measurements that chose the settings; search does not read these"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: Any) -> Any:
        """Complete a tuning file that was written before there were these kinds."""
        if isinstance(given, dict) and "other" in given:
            return {"subject": given["other"], "liked": given["other"], **given}
        return given

    @classmethod
    def for_every_kind(cls, fusion: Fusion) -> Fusions:
        """Return the same fusion for every kind of query."""
        return cls(described=fusion, mood=fusion, guess=fusion, subject=fusion, liked=fusion, other=fusion)

    def of(self, kind: QueryKind) -> Fusion:
        """Return the fusion of a kind."""
        fusion: Fusion = getattr(self, kind)
        return fusion


class Tuned(Fusions):
    """The settings that `evoke tune` chose. The indexer reads `bm25`: an index with another BM25 must be rebuilt."""

    bm25: BM25 = BM25()
    cleanings: Cleanings = DEFAULT_CLEANINGS
    made_with: MadeWith = Field(
        default=MadeWith(), description="the encoder and text analyser that the settings were chosen with"
    )

    @classmethod
    def of_fusions(cls, fusions: Fusions, **chosen: Any) -> Tuned:
        """Return fusions together with the other choices."""
        return cls(**{kind: fusions.of(kind) for kind in QUERY_KINDS}, **chosen)


TITLE_WEIGHT = 4.0
"""The weight of `title`: a work whose title is the query outweighs one that comes first in two other legs."""

KNOWN_WEIGHT = 3.0
"""The weight of `known`. An answer to requests of conversations in the first 10 and 50, by this weight: .093 and .183
(0), .169 and .334 (2), .183 and .346 (3). nDCG@10 of requests for a value among films and books with their ratings:
.394 and .717 (0), .465 and .724 (2), .461 and .720 (3), .471 and .711 (4)."""

DEFAULT_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 2.0, KNOWN: KNOWN_WEIGHT})
"""Chosen on validation queries; docs/ranking.md has the table."""

MOOD_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 6.0, "text": 0.5, KNOWN: KNOWN_WEIGHT})
"""For words that ask for values and for nothing else, such as "something funny"."""

GUESS_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 4.0, "bm25": 0.3, KNOWN: KNOWN_WEIGHT})
"""For words whose values were guessed from their meaning, such as "let me see the world with a child's eyes".

nDCG@10 with these weights on the validation queries of films and books: .408 and .728; with the default weights: .316
and .708. On paraphrases that name no value (180 and 120, written without knowledge of the taxonomy's words): .290 and
.569 with guessing, .216 and .483 without."""

SUBJECT_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 1.0, KNOWN: KNOWN_WEIGHT})
"""For words that name a subject, such as "submarine films": the words count most."""

OTHER_FUSION = Fusion(method="dbsf", weights={TITLE: TITLE_WEIGHT, "values": 2.0, "bm25": 0.3, KNOWN: KNOWN_WEIGHT})
"""For words that name no subject of the catalogue, such as "creepy, but set somewhere bright": what has such words has
them in its title, or by chance."""

TASTE_WEIGHT = 3.0
"""The weight of `taste` for works like others. nDCG@50 of books that the readers of one book like too: .103 (0), .123
(1), .142 (2), .156 (4), .159 (8). Content tells more of the likeness of films."""

LIKED_FUSION = Fusion(method="dbsf", weights={**DEFAULT_FUSION.weights, TASTE: TASTE_WEIGHT})
"""For works like others; without a taste file as DEFAULT_FUSION."""

DEFAULT_FUSIONS = Fusions(
    described=DEFAULT_FUSION,
    mood=MOOD_FUSION,
    guess=GUESS_FUSION,
    subject=SUBJECT_FUSION,
    liked=LIKED_FUSION,
    other=OTHER_FUSION,
)
