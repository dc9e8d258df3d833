"""A fake Search with a few works in memory, to test the service and its page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from crawler.records import Creator
from indexer.facts import range_name
from indexer.schema import PRIMARY_SCORE
from search_api.errors import RequestRefused, WorkNotFound
from search_api.records import (
    BEST,
    FACETS,
    WHOLE_PARTS,
    Choice,
    Correction,
    Evidence,
    FacetCount,
    Facets,
    Filters,
    Hit,
    HitValue,
    IntegerRange,
    Intent,
    LegScore,
    Matches,
    MatchRequest,
    Page,
    Questionnaire,
    RecommendRequest,
    SaidByPeople,
    SearchRequest,
    Suggestion,
    Unmet,
    ValueView,
    WorkReference,
    WorkView,
)

VALUES = (
    ValueView(id="E2", name="hope", facet="emotion", description="The feeling that it may yet turn out well."),
    ValueView(id="E4", name="sadness", facet="emotion", description="The weight of loss."),
    ValueView(id="E5", name="inspiration", facet="emotion", description="The wish to do the same."),
    ValueView(id="E11", name="awe", facet="emotion", description="Being small before something great."),
    ValueView(
        id="SC3",
        name="adventure",
        facet="theme",
        group="survival and challenge",
        description="Setting out into the unknown.",
    ),
    ValueView(
        id="HR3",
        name="family dynamics",
        facet="theme",
        group="human relationships and emotions",
        description="How a family holds or hurts.",
    ),
    ValueView(id="L1", name="knowledge acquisition", facet="learning", description="Facts and ideas that stay."),
)
_NAMES = {value.id: value.name for value in VALUES}


def make_work(
    work_id: str, title: str, description: str, scores: dict[str, float], evidence: str = "", **facts: object
) -> WorkView:
    start = description.find(evidence)
    spoken_for = Evidence(text=evidence, start=start, end=start + len(evidence)) if evidence else None
    values = tuple(
        HitValue(
            id=value_id,
            name=_NAMES[value_id],
            score=score,
            is_primary=score >= PRIMARY_SCORE,
            evidence=spoken_for if rank == 0 else None,
        )
        for rank, (value_id, score) in enumerate(sorted(scores.items(), key=lambda entry: -entry[1]))
    )
    return WorkView.model_validate(
        {"id": work_id, "title": title, "description": description, "values": values, "language": "en", **facts}
    )


def add_said(work: WorkView, n_reviews: int, tag: HitValue, **said: tuple[int, str | None]) -> WorkView:
    """Return a work with reviews: what people say of its values, as counts and quotes by id, and a tag."""
    told = {
        value_id: SaidByPeople(count=count, of=n_reviews, quote=quote, source="mine" if quote else None)
        for value_id, (count, quote) in said.items()
    }
    values = tuple(value.model_copy(update={"said": told.get(value.id)}) for value in work.values)
    return work.model_copy(update={"values": values, "tags": (tag,), "n_reviews": n_reviews})


HAUNTING = HitValue(
    id="T-haunting",
    name="haunting",
    score=0.7,
    is_primary=True,
    said=SaidByPeople(count=14, of=30, quote="<b>That</b> knock & the \u05d3\u05dc\u05ea", source="mine"),
)
DOOR = add_said(
    make_work(
        "movie:door",
        "The Green Door",
        "A locksmith hears somebody knock from within. He opens, and nobody is there.",
        {"E4": 0.7, "E11": 0.5, "E2": 0.3},
        "He opens, and nobody is there.",
        kind="movie",
        year=1971,
    ),
    30,
    HAUNTING,
    E4=(5, "I cried for the locksmith."),
    E11=(8, "\u05dc\u05d0 \u05e9\u05db\u05d7\u05ea\u05d9 <i>anything</i>"),
    E2=(3, None),
)
"""A film that people say things of, with markup and Hebrew in their words. No other work is like it."""

WORKS = (
    make_work(
        "movie:interstellar",
        "Interstellar",
        # The emoji are two UTF-16 units each: offsets count characters, so a page that counts units is wrong.
        "🚀🌽 A pilot leaves his children on a dying Earth. "
        "He crosses a wormhole so that those he loves may live. The wave is a mountain.",
        {"E5": 0.91, "E11": 0.88, "SC3": 0.8, "HR3": 0.62, "E4": 0.48},
        "He crosses a wormhole so that those he loves may live.",
        kind="movie",
        year=2014,
        runtime_minutes=169,
        genres=("Science Fiction", "Drama"),
        creators=(Creator(name="Christopher Nolan", role="director"),),
    ),
    make_work(
        "movie:contact",
        "Contact",
        "A radio astronomer hears a voice among the stars. She has to answer it alone.",
        {"E11": 0.9, "E5": 0.72, "L1": 0.6},
        "She has to answer it alone.",
        kind="movie",
        year=1997,
        runtime_minutes=150,
        genres=("Science Fiction", "Drama"),
        creators=(Creator(name="Robert Zemeckis", role="director"),),
    ),
    make_work(
        "movie:october-sky",
        "October Sky",
        "A miner's son sees Sputnik pass and begins to build rockets. His father wants him underground.",
        {"E5": 0.94, "E2": 0.86, "HR3": 0.7},
        "A miner's son sees Sputnik pass and begins to build rockets.",
        kind="movie",
        year=1999,
        runtime_minutes=108,
        genres=("Drama", "Biography"),
        creators=(Creator(name="Joe Johnston", role="director"),),
    ),
    make_work(
        "movie:amelie",
        "Amélie",
        "A shy waitress in Montmartre mends the lives of strangers in secret.",
        {"E2": 0.83, "E5": 0.55},
        kind="movie",
        year=2001,
        runtime_minutes=122,
        language="fr",
        genres=("Comedy", "Romance"),
        creators=(Creator(name="Jean-Pierre Jeunet", role="director"),),
    ),
    make_work(
        "book:the-martian",
        "The Martian",
        "Left behind on Mars, a botanist plants potatoes and keeps a log. He intends to science his way home.",
        {"SC3": 0.9, "L1": 0.78, "E5": 0.7},
        "He intends to science his way home.",
        kind="book",
        year=2011,
        page_count=369,
        genres=("Science Fiction",),
        creators=(Creator(name="Andy Weir", role="author"),),
    ),
    make_work(
        "book:cosmos",
        "Cosmos",
        "Fifteen billion years of matter becoming aware of itself, told by someone who is glad to be here.",
        {"L1": 0.95, "E11": 0.9, "E5": 0.66},
        kind="book",
        year=1980,
        page_count=396,
        genres=("Science", "Non-fiction"),
        creators=(Creator(name="Carl Sagan", role="author"),),
    ),
    make_work("book:markup", "<img src=x onerror=alert(1)>", "<b>Not bold</b> & not markup.", {"E2": 0.2}, kind="book"),
    make_work(
        "book:a/b", "Either/Or", "A life to choose.", {"E5": 0.51}, kind="book", year=1843, genres=("Philosophy",)
    ),
    *(
        make_work(
            f"book:voyage-{n:02}", f"Voyage {n}", f"Ship number {n} sets out.", {"SC3": 0.5}, kind="book", year=1960
        )
        for n in range(18)
    ),
    WorkView(id="untold", title="Untold"),
)


class FakeSearch:
    """A search over a list of works. It understands seven phrases, and raises `failure` while that is set."""

    def __init__(self, works: Sequence[WorkView] = WORKS, values: Sequence[ValueView] = VALUES) -> None:
        self.works = {work.id: work for work in works}
        self.taxonomy = list(values)
        self.failure: Exception | None = None
        self.requests: list[SearchRequest] = []
        self.recommended: list[RecommendRequest] = []
        self.sorts: list[str] = []
        self.closed = False
        self.misfits: tuple[str, ...] = ()

    def search(self, request: SearchRequest) -> Page:
        self._raise_failure()
        self._check_values("weights", request.weights)
        self.requests.append(request)
        intent = read_intent(request.query, self.works.values()) if request.interpret else Intent(text=request.query)
        intent = leave_out(intent, request.without)
        values = {i: weight for i, weight in {**intent.values, **request.weights}.items() if weight}
        intent = intent.model_copy(update={"values": values})
        given = {name: getattr(request.filters, name) for name in request.filters.model_fields_set}
        intent = intent.model_copy(update={"filters": intent.filters.model_copy(update=given)})
        ranked = [work for work in self._ranked(intent) if work.id not in request.exclude]
        if "nothing" in request.query:
            ranked = []
        return _page(request.query, intent, ranked, request.offset, request.limit)

    def similar(
        self,
        work_id: str,
        filters: Filters = Filters(),  # noqa: B008
        limit: int = 10,
        offset: int = 0,
        cursor: str | None = None,  # noqa: ARG002 - as the real search takes it
        sort: str = BEST,
    ) -> Page:
        self.sorts.append(sort)
        work = self.work(work_id)
        wanted = {value.id: value.score for value in work.values}
        like = (WorkReference(id=work.id, title=work.title),)
        intent = Intent(text="", values=wanted, like=like, filters=filters)
        return _page("", intent, self._ranked(intent), offset, limit)

    def recommend(self, request: RecommendRequest) -> Page:
        self._raise_failure()
        self._check_values("values", request.values)
        self.recommended.append(request)
        profile = [self.works[work_id] for work_id in (*request.likes, *request.dislikes) if work_id in self.works]
        like = tuple(WorkReference(id=work.id, title=work.title) for work in profile)
        intent = Intent(text="", values=request.values, like=like, filters=request.filters)
        return _page("", intent, self._ranked(intent), request.offset, request.limit)

    def match(self, request: MatchRequest) -> Matches:
        by_title = {work.title: work for work in self.works.values()}
        found = [by_title.get(listed.title) for listed in request.works]
        return Matches(
            works=tuple(work and WorkReference(id=work.id, title=work.title, kind=work.kind) for work in found)
        )

    def questionnaire(self) -> Questionnaire:
        works = list(self.works.values())[:2]
        return Questionnaire(
            values=tuple(self.taxonomy[:2]),
            works=tuple(WorkReference(id=work.id, title=work.title, kind=work.kind, year=work.year) for work in works),
        )

    def work(self, work_id: str) -> WorkView:
        self._raise_failure()
        if work_id not in self.works:
            raise WorkNotFound(work_id)
        return self.works[work_id]

    def facets(self, filters: Filters = Filters(), names: Sequence[str] = FACETS, limit: int = 20) -> Facets:  # noqa: B008
        self._raise_failure()
        self._check_values("filters.values", filters.values)
        works = [work for work in self.works.values() if passes(work, filters)]
        return Facets(total=len(works), facets={name: _count(name, works)[:limit] for name in names})

    def suggest(self, text: str, limit: int = 8) -> list[Suggestion]:
        self._raise_failure()
        found = [work for work in self.works.values() if text.casefold() in work.title.casefold()]
        return [Suggestion(id=work.id, title=work.title, kind=work.kind, year=work.year) for work in found[:limit]]

    def find_title(self, text: str) -> list[WorkReference]:
        self._raise_failure()
        found = [work for work in self.works.values() if text.casefold() in (work.id, work.title.casefold())]
        return [WorkReference(id=work.id, title=work.title, kind=work.kind, year=work.year) for work in found]

    def values(self) -> list[ValueView]:
        self._raise_failure()
        return self.taxonomy

    def attributions(self) -> tuple[str, ...]:
        return ("This product uses a made-up catalogue.",)

    def check(self) -> int:
        self._raise_failure()
        return len(self.works)

    def ready(self) -> int:
        return self.check()

    def unanswered(self) -> tuple[str, ...]:
        return ()

    def notes(self) -> tuple[str, ...]:
        return self.misfits

    def close(self) -> None:
        self.closed = True

    def _raise_failure(self) -> None:
        if self.failure:
            raise self.failure

    def _check_values(self, field: str, value_ids: Iterable[str]) -> None:
        for value_id in value_ids:
            if value_id not in _NAMES:
                raise RequestRefused(f"{field}.{value_id}", "no value has this id")

    def _ranked(self, intent: Intent) -> list[Hit]:
        named = {reference.id for reference in intent.like}
        works = [work for work in self.works.values() if work.id not in named and passes(work, intent.filters)]
        return sorted((_to_hit(work, intent) for work in works), key=lambda hit: (-hit.score, hit.id))


FOR_THE_KIDS = {
    "like": (WorkReference(id="movie:october-sky", title="October Sky", kind="movie", year=1999),),
    "seen": (WorkReference(id="movie:contact", title="Contact", kind="movie", year=1997),),
    "filters": Filters(countries=Choice(any=("SE",), none=("US",)), creators=Choice(none=("Carl Sagan",))),
    "audience": "children",
    "standing": "acclaimed",
    "corrected": (Correction(said="oktober sky", taken_for="October Sky"),),
    "ignored": ("clowns",),
    "refused": ("circus tents",),
    "unmet": (Unmet(part="filters.countries", note="no countries of films are known here"),),
}


def read_intent(query: str, works: Iterable[WorkView]) -> Intent:
    """Understand `inspir`, `haunting`, `not too sad`, `like TITLE`, `book`, `under two hours`, `no comedy or horror`.

    Words with `for the kids` are read as a request with every part that a person may want to know of.
    """
    lowered = query.lower()
    values = {}
    if "inspir" in lowered:
        values["E5"] = 1.0
    if "not too sad" in lowered:
        values["E4"] = -0.6
    runtime = IntegerRange(lte=120) if "under two hours" in lowered else None
    genres = Choice(none=("Comedy", "Horror")) if "no comedy or horror" in lowered else None
    filters = Filters(kind="book" if " book" in lowered else None, runtime_minutes=runtime, genres=genres)
    like = tuple(
        WorkReference(id=work.id, title=work.title) for work in works if f"like {work.title.lower()}" in lowered
    )
    tags = {"T-haunting": 1.0} if "haunting" in lowered else {}
    intent = Intent(text=query, values=values, tags=tags, like=like, filters=filters)
    return intent.model_copy(update=FOR_THE_KIDS) if "for the kids" in lowered else intent


def leave_out(intent: Intent, parts: Sequence[str]) -> Intent:
    """Return an intent without these parts, as the real search leaves them out."""
    facts = {name: None for name in Filters.model_fields if f"filters.{name}" in parts}
    return intent.model_copy(
        update={
            "values": {i: weight for i, weight in intent.values.items() if f"values.{i}" not in parts},
            "like": tuple(work for work in intent.like if f"like.{work.id}" not in parts),
            "unlike": tuple(work for work in intent.unlike if f"unlike.{work.id}" not in parts),
            "seen": tuple(work for work in intent.seen if f"seen.{work.id}" not in parts),
            **{part: None for part in WHOLE_PARTS if part in parts},
            "filters": intent.filters.model_copy(update=facts),
        }
    )


def passes(work: WorkView, filters: Filters) -> bool:
    """Return whether a work passes every filter that the fake knows."""
    scores = {value.id: value.score for value in work.values}
    return (
        filters.kind in {None, work.kind}
        and _within(work.year, filters.year)
        and _within(work.runtime_minutes, filters.runtime_minutes)
        and _within(work.page_count, filters.page_count)
        and _chosen({work.language or ""}, filters.language)
        and _chosen(set(work.genres), filters.genres)
        and _chosen({creator.name for creator in work.creators}, filters.creators)
        and all(scores.get(value_id, -1) >= (wanted.gte or 0) for value_id, wanted in filters.values.items())
    )


def _within(fact: int | None, wanted: IntegerRange | None) -> bool:
    if wanted is None:
        return True
    return fact is not None and (wanted.gte or 0) <= fact <= (wanted.lte if wanted.lte is not None else fact)


def _chosen(names: set[str], wanted: Choice | None) -> bool:
    if wanted is None:
        return True
    any_met = not wanted.any or bool(names & set(wanted.any))
    return any_met and names >= set(wanted.all) and not names & set(wanted.none)


def _to_hit(work: WorkView, intent: Intent) -> Hit:
    scores = {value.id: value.score for value in work.values}
    score = sum(weight * scores.get(value_id, 0) for value_id, weight in intent.values.items())
    words = [word for word in re.findall(r"\w+", intent.text.lower()) if word in work.description.lower()]
    met = [
        _NAMES.get(value_id, value_id)
        for value_id, weight in intent.values.items()
        if weight > 0 and value_id in scores
    ]
    reasons = (f"gives {' and '.join(met)}, which you asked for",) if met else ()
    asked_first = sorted(work.values, key=lambda value: (-intent.values.get(value.id, 0), -value.score))
    return Hit(
        **{name: getattr(work, name) for name in WorkView.model_fields if name != "values"},
        values=tuple(asked_first),
        score=round(score + 0.1 * len(words), 4),
        legs={"text": LegScore(score=0.4, rank=1), "bm25": LegScore(), "values": LegScore(score=score, rank=2)},
        matched_terms=tuple(dict.fromkeys(words)),
        reasons=reasons,
    )


def _page(query: str, intent: Intent, ranked: Sequence[Hit], offset: int, limit: int) -> Page:
    hits = tuple(ranked[offset : offset + limit])
    return Page(query=query, intent=intent, total=len(ranked), offset=offset, limit=limit, took_ms=1.5, hits=hits)


def _count(name: str, works: Sequence[WorkView]) -> tuple[FacetCount, ...]:
    if ranges := FACETS[name].ranges:
        counts = {range_name(each): sum(_within(getattr(work, name), each) for work in works) for each in ranges}
        return tuple(FacetCount(value=value, count=count) for value, count in counts.items() if count)
    counted: Counter[str | int] = Counter()
    for work in works:
        counted.update(_facts(name, work))
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], str(entry[0])))
    return tuple(FacetCount(value=value, count=count) for value, count in ordered)


def _facts(name: str, work: WorkView) -> list[str | int]:
    facts: dict[str, Sequence[str | int | None]] = {
        "kind": [work.kind],
        "genres": work.genres,
        "language": [work.language],
        "countries": work.countries,
        "decade": [work.year // 10 * 10 if work.year else None],
        "creators": [creator.name for creator in work.creators],
        "values": [value.id for value in work.values],
    }
    return [fact for fact in facts[name] if fact is not None]
