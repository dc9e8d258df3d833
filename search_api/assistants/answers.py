"""What the tools answer: short records, and the same as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from crawler.records import ClosedModel, Creator, Kind
from indexer.known.names import MAKERS
from search_api.plain_words import describe_intent
from search_api.records import Hit, HitValue, Intent, Page, ValueView, WorkView
from search_api.terminal import choose_sentence, reading_notes
from search_api.voices import name_voices

MOST_MAKERS = 3
"""How many people an answer names with a work that was found."""
MOST_DESCRIPTION = 2_000
"""How many characters of its description a work is shown with."""


class Understood(ClosedModel):
    """One thing that was understood of a query."""

    meaning: str
    path: str | None = Field(
        default=None, description="give it in `without` to leave this out; absent if that is not possible"
    )
    weight: float | None = Field(default=None, description="how much a value or tag is wanted, from -1 to 1")


class FoundWork(ClosedModel):
    """A work of an answer."""

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None
    makers: tuple[str, ...] = Field(default=(), description="the people whose work it is")
    reasons: tuple[str, ...] = Field(default=(), description="why it is in the answer")
    evidence: str | None = Field(
        default=None, description="a sentence of its description or of a review that supports this"
    )


class FoundWorks(ClosedModel):
    """The works of an answer, best first, and how the request was understood."""

    understood: tuple[Understood, ...] = ()
    notes: tuple[str, ...] = Field(
        default=(), description="what was corrected, was not understood, or cannot be met: tell the person"
    )
    total: int = Field(description="how many works there are in all")
    offset: int
    works: tuple[FoundWork, ...]

    def to_text(self) -> str:
        """Return the answer as text."""
        lines = [f"Understood: {'; '.join(each.meaning for each in self.understood)}"] if self.understood else []
        lines += self.notes
        for place, work in enumerate(self.works, start=self.offset + 1):
            facts = ", ".join(str(fact) for fact in (work.kind, work.year, *work.makers) if fact)
            lines.append(f"{place}. {work.title}{f' ({facts})' if facts else ''}, id {work.id}")
            lines += [f"   {line}" for line in (*work.reasons, work.evidence) if line]
        end = self.offset + len(self.works)
        more = f"; offset {end} shows more" if end < self.total else ""
        lines.append(f"{len(self.works)} of {self.total:,} works{more}")
        return "\n".join(lines)


class ShownValue(ClosedModel):
    """A value or tag of a work."""

    id: str
    name: str
    score: float = Field(description="how strongly the work has it, in [0, 1]; from 0.5 up clearly")
    evidence: str | None = Field(default=None, description="the sentence of the description that shows it")
    said: str | None = Field(default=None, description="how many people say it in reviews, and one of them")


class ShownWork(ClosedModel):
    """One work."""

    id: str
    title: str
    original_title: str | None = None
    kind: Kind | None = None
    year: int | None = None
    makers: tuple[str, ...] = Field(default=(), description="people with their roles")
    description: str = ""
    genres: tuple[str, ...] = ()
    language: str | None = None
    countries: tuple[str, ...] = ()
    series: str | None = None
    runtime_minutes: int | None = None
    page_count: int | None = None
    rating: str | None = None
    url: str | None = None
    values: tuple[ShownValue, ...] = ()
    tags: tuple[ShownValue, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="which work the title was taken for, if that is not plain")

    def to_text(self) -> str:
        """Return the work as text."""
        facts = {name: getattr(self, name) for name in type(self).model_fields if name not in _SHOWN_APART}
        listed = {name: ", ".join(fact) if isinstance(fact, tuple) else fact for name, fact in facts.items() if fact}
        return "\n".join(
            [
                *self.notes,
                f"{self.title}, id {self.id}",
                *(f"{name.replace('_', ' ')}: {fact}" for name, fact in listed.items()),
                self.description,
                *(_value_line(value) for value in (*self.values, *self.tags)),
            ]
        )


_SHOWN_APART = ("id", "title", "description", "values", "tags", "notes")


class ListedValues(ClosedModel):
    """Values that a work can have."""

    values: tuple[ValueView, ...]

    def to_text(self) -> str:
        """Return the values as text."""
        return "\n".join(f"{value.id} {value.name} ({value.facet}): {value.description}" for value in self.values)


def page_to_works(page: Page, known: Sequence[ValueView], notes: Sequence[str] = ()) -> FoundWorks:
    """Return a page as an assistant reads it.

    Args:
        page: The page.
        known: The values of the taxonomy.
        notes: What is to be said besides, before what the page itself says.
    """
    names = {value.id: value.name for value in known}
    names |= {label.id: label.name for hit in page.hits for label in (*hit.values, *hit.tags)}
    return FoundWorks(
        understood=tuple(Understood(**part._asdict()) for part in describe_intent(page.intent, names)),
        notes=(*notes, *reading_notes(page.intent)),
        total=page.total,
        offset=page.offset,
        works=tuple(_hit_to_work(hit, page.intent) for hit in page.hits),
    )


def work_to_shown(work: WorkView, notes: Sequence[str] = ()) -> ShownWork:
    """Return a work as an assistant reads it."""
    same = ("id", "title", "original_title", "kind", "year", "genres", "language", "countries", "runtime_minutes")
    rest = work.description[MOST_DESCRIPTION:]
    volume = f", {work.series.position:g}" if work.series and work.series.position is not None else ""
    return ShownWork(
        **{name: getattr(work, name) for name in (*same, "page_count", "url")},
        makers=tuple(f"{maker.name} ({maker.role})" if maker.role else maker.name for maker in work.creators),
        description=f"{work.description[:MOST_DESCRIPTION]}..." if rest else work.description,
        series=f"{work.series.name}{volume}" if work.series else None,
        rating=f"{work.rating.mean:g} of {work.rating.scale:g}" if work.rating else None,
        values=tuple(_show_value(value, work.kind) for value in work.values),
        tags=tuple(_show_value(tag, work.kind) for tag in work.tags),
        notes=tuple(notes),
    )


def _hit_to_work(hit: Hit, intent: Intent) -> FoundWork:
    return FoundWork(
        id=hit.id,
        title=hit.title,
        kind=hit.kind,
        year=hit.year,
        makers=tuple(_main_makers(hit.creators))[:MOST_MAKERS],
        reasons=hit.reasons,
        evidence=choose_sentence(hit, intent),
    )


def _main_makers(creators: Sequence[Creator]) -> list[str]:
    """Return the names of those whose work it is, such as directors and authors; of all people if none has a role."""
    return [each.name for each in creators if each.role in MAKERS] or [each.name for each in creators]


def _show_value(value: HitValue, kind: Kind | None) -> ShownValue:
    said = value.said and name_voices(value.said.count, value.said.of, kind)
    quote = f": “{' '.join(value.said.quote.split())}”" if value.said and value.said.quote else ""
    return ShownValue(
        id=value.id,
        name=value.name,
        score=round(value.score, 2),
        evidence=value.evidence.text if value.evidence else None,
        said=f"{said}{quote}" if said else None,
    )


def _value_line(value: ShownValue) -> str:
    shown = "; ".join(filter(None, (f"“{value.evidence}”" if value.evidence else None, value.said)))
    return f"{value.name} {value.score:.2f}{f': {shown}' if shown else ''}"
