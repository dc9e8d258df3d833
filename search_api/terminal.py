"""What the verbs of this stage share: filters as a person writes them, and pages as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler.verbs import Refused

if TYPE_CHECKING:
    from search_api.records import Filters, Hit, Intent, Page, SaidByPeople


def read_filters(filters: str | None) -> Filters:
    """Return filters from JSON; those that every work passes without any.

    Raises:
        Refused: A field cannot be used; the message names it.
    """
    from pydantic import ValidationError

    from search_api.field_names import describe_field
    from search_api.records import NO_FILTERS, Filters

    try:
        return Filters.model_validate_json(filters) if filters is not None else NO_FILTERS
    except ValidationError as error:
        raise Refused(describe_field(error, Filters, "filters")) from error


def page_text(page: Page, notes: Sequence[str], *, explain: bool) -> str:
    """Return a page as a person reads it."""
    from search_api.records import NO_FILTERS

    lines = []
    if explain:
        lines += [f"understood: {page.intent.model_dump_json(exclude_defaults=True)}"]
        lines += [*(f"note: {note}" for note in notes), ""]
    lines += _reading_lines(page.intent)
    for place, hit in enumerate(page.hits, start=page.offset + 1):
        lines += _hit_lines(place, hit, page.intent, explain=explain)
    if not page.total:
        lines.append("no work passes the filters" if page.intent.filters != NO_FILTERS else "no work is left to show")
    lines += ["", f"{len(page.hits)} of {page.total:,} works, {page.took_ms:.0f} ms"]
    return "\n".join(lines)


def _reading_lines(intent: Intent) -> list[str]:
    """Return what a person should know of the reading.

    These are wishes that the hits do not show by themselves, names that were corrected, wishes that cannot be met, and
    words that were not understood.
    """
    places, people = intent.filters.countries, intent.filters.creators
    wishes = [f"from {country}" for country in (*places.any, *places.all)] if places else []
    wishes += [f"not from {country}" for country in places.none] if places else []
    wishes += [f"with {name}" for name in (*people.any, *people.all)] if people else []
    wishes += [f"without {name}" for name in people.none] if people else []
    wishes += [f"not {work.title}" for work in intent.seen]
    wishes += (
        [f"for {'the whole family' if intent.audience == 'family' else intent.audience}"] if intent.audience else []
    )
    wishes += [intent.standing] if intent.standing else []
    lines = [*([f"read as: {', '.join(wishes)}"] if wishes else []), *reading_notes(intent)]
    return [*lines, ""] if lines else []


def reading_notes(intent: Intent) -> list[str]:
    """Return what of a request was read in another way than it was written, cannot be met, or was not understood."""
    lines = []
    if intent.refused:
        lines.append("last come works that mention: " + ", ".join(f"“{words}”" for words in intent.refused))
    lines += [f"“{each.said}” was taken for “{each.taken_for}”" for each in intent.corrected]
    lines += [*(each.note for each in intent.unmet), *intent.reader_notes]
    if intent.ignored:
        lines.append("not understood: " + ", ".join(f"“{words}”" for words in intent.ignored))
    return lines


def _hit_lines(place: int, hit: Hit, intent: Intent, *, explain: bool) -> list[str]:
    facts = ", ".join(str(fact) for fact in (hit.kind, hit.year, *(c.name for c in hit.creators[:2])) if fact)
    lines = [f"{place:>3}. {hit.title} ({facts})", *(f"     {reason}" for reason in hit.reasons)]
    if sentence := choose_sentence(hit, intent):
        lines.append(f"     {sentence}")
    if explain:
        legs = ", ".join(f"{n} {s.score:.3f} (rank {s.rank})" for n, s in hit.legs.items() if s.score is not None)
        lines.append(f"     score {hit.score:.3f}: {legs}")
    return lines


def choose_sentence(hit: Hit, intent: Intent) -> str | None:
    """Return what a person said of the work, else the sentence of its description that shows its first value, if any.

    The quote is that of the value or tag that most people say, of those asked for if there are any; never of what is
    refused.
    """
    weights = {**intent.values, **intent.tags}
    quotable = [
        (weights.get(value.id, 0.0) > 0, value.said.count, _quoted(value.name, value.said, hit.kind))
        for value in (*hit.values, *hit.tags)
        if value.said and value.said.quote and weights.get(value.id, 0.0) >= 0
    ]
    if quotable:
        *_, quoted = max(quotable)
        return quoted
    # A value that was asked for comes first, if the work has one.
    return next((f"“{value.evidence.text}”" for value in hit.values[:1] if value.evidence), None)


def _quoted(name: str, said: SaidByPeople, kind: str | None) -> str:
    """Return a quote on one line, with what it is about: "“...” (haunting: 14 of 30 viewers; imdb)"."""
    from search_api.voices import name_voices

    about = f"{name}: {name_voices(said.count, said.of, kind)}"
    return f"“{' '.join((said.quote or '').split())}” ({'; '.join(filter(None, (about, said.source)))})"
