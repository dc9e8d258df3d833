"""Merge what a language model reads in a request into what the built-in reader reads. Pure.

The built-in reader's facts stay: they are literally in the words. From a model come further facts, works and people if
the words name them and the catalogue knows them, and wishes that the taxonomy knows. What the two readings say
contrary to each other weighs nothing, and neither does what the model is unsure of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from rapidfuzz import fuzz

from crawler.countries import country_of_code, country_of_name
from crawler.languages import language_of_code, language_of_name
from crawler.records import Kind
from indexer.facts import FACTS
from indexer.name_keys import name_key, plain_words, straight_title
from indexer.values.taxonomy import Taxonomy
from search_api.people import Person
from search_api.records import Filters, Intent, WorkReference
from search_api.understanding.genres import CatalogueGenres, read_genres
from search_api.understanding.intent import is_description
from search_api.understanding.mention_candidates import Names
from search_api.understanding.mentions import is_title
from search_api.understanding.query import Query, straighten
from search_api.understanding.reading import Degree, Reading

WEIGHTS: Mapping[Degree, float] = {"much": 1.0, "some": 0.5, "less": -0.5, "none": -1.0}
"""The weights of wishes, as the built-in reader weighs "sad", "a bit sad", "not too sad" and "not sad"."""
LEAST_LIKENESS = 80
"""The least likeness, in per cent, of a name that a model reads and the words of the request that it stands for."""
MOST_NAMED = 5
"""How many parts of a reading a note names of those that were left out."""


@dataclass(frozen=True)
class KnownHere:
    """What a reading is resolved against.

    Attributes:
        taxonomy: The values and tags.
        names: The names of the catalogue.
        genres: The catalogue's genre names.
        find_works: Returns the works that a title means, the best known first.
        is_subject: Returns whether the catalogue has works about what words name.
    """

    taxonomy: Taxonomy
    names: Names
    genres: CatalogueGenres
    find_works: Callable[[str], Sequence[WorkReference]]
    is_subject: Callable[[str], bool]


def needs_model(text: str, own: Intent, taxonomy: Taxonomy, names: Names) -> bool:
    """Return whether a model may read more in a text: a title, or a remembered work, is searched for as it is."""
    said = straighten(text)
    return bool(said) and not is_title(said, taxonomy, names) and not (own.is_description and is_description(said))


def merge_reading(own: Intent, reading: Reading, text: str, here: KnownHere, misfits: Sequence[str] = ()) -> Intent:
    """Return the intent of a request that a model read too.

    Args:
        own: What the built-in reader read.
        reading: What the model read.
        text: The request.
        here: What the reading is resolved against.
        misfits: The parts of the model's answer that did not fit a reading, to be named in a note.
    """
    return _Merger(own, text, here, misfits).merge(reading)


class _Merger:
    """Takes over the parts of a reading, and remembers those that it leaves out."""

    def __init__(self, own: Intent, text: str, here: KnownHere, misfits: Sequence[str]) -> None:
        self._own = own
        self._here = here
        self._words = plain_words(straighten(text))
        self._left_out = list(misfits)
        self._contrary: list[str] = []

    def merge(self, reading: Reading) -> Intent:
        own = self._own
        kind = own.filters.kind or reading.kind
        filters = self._add_facts(reading, kind)
        known = (*own.like, *own.unlike, *own.seen)
        like = (*own.like, *self._find_works(reading.like, kind, known))
        unlike = (*own.unlike, *self._find_works(reading.unlike, kind, (*known, *like)))
        seen = (*own.seen, *self._find_works(reading.seen, kind, (*known, *like, *unlike)))
        like_people = tuple(dict.fromkeys((*own.like_people, *self._find_people(reading.like_people))))
        weights = self._add_wishes(reading)
        subject = own.subject if like or like_people else own.subject or self._find_subject(reading.about)
        taxonomy = self._here.taxonomy
        values = {dimension: weight for dimension, weight in weights.items() if dimension in taxonomy.by_id}
        tags = {dimension: weight for dimension, weight in weights.items() if dimension not in taxonomy.by_id}
        refused = [words for words in reading.refused if self._is_said(words)]
        self._left_out += [f"“{words}”" for words in reading.refused if words not in refused]
        is_more = (like, like_people, subject) != (own.like, own.like_people, own.subject)
        return own.model_copy(
            update={
                "values": values,
                "tags": tags,
                "subject": subject,
                "only_mood": own.only_mood and bool(weights) and not is_more,
                "is_guess": own.is_guess and weights == {**own.values, **own.tags},
                "is_description": own.is_description and not (weights or like or unlike or subject),
                "like": like,
                "unlike": unlike,
                "seen": seen,
                "like_people": like_people,
                "filters": filters,
                "audience": own.audience or reading.audience,
                "standing": own.standing or reading.standing,
                "refused": tuple(dict.fromkeys((*own.refused, *refused))),
                "read_by": "model",
                "reader_notes": tuple(self._notes()),
            }
        )

    # --- facts ---

    def _add_facts(self, reading: Reading, kind: Kind | None) -> Filters:
        """Return the facts of both readings; a fact that the built-in reader read stays as it is."""
        own = self._own.filters
        added: dict[str, Any] = {}
        for name, fact in FACTS.items():
            if getattr(own, name):
                continue
            given = {part: self._resolve(name, link, reading, kind) for part, link in fact.links.items()}
            given = {part: wish for part, wish in given.items() if wish not in (None, ())}
            if not given:
                continue
            try:
                added[name] = getattr(Filters.model_validate({name: given.get("is", given)}), name)
            except ValidationError:
                self._left_out.append(name)
        return own.model_copy(update=added)

    def _resolve(self, fact: str, link: str, reading: Reading, kind: Kind | None) -> Any:
        """Return one part of a filter as the built-in reader writes it, without names that nothing here has."""
        wish = getattr(reading, link, None)
        if not isinstance(wish, tuple):
            return wish
        resolved: list[str] = []
        for name in wish:
            found = self._spell(fact, name, kind, is_refused=link.startswith("not_"))
            resolved += found
            if not found:
                self._left_out.append(f"{link} “{name}”")
        return tuple(dict.fromkeys(resolved))

    def _spell(self, fact: str, name: str, kind: Kind | None, *, is_refused: bool) -> Sequence[str]:
        """Return the catalogue's names for what a model calls a language, country, genre or person."""
        if fact == "genres":
            choice = read_genres(Query(f"no {name}" if is_refused else name), self._here.genres, kind).choice
            return () if choice is None else choice.none if is_refused else (*choice.any, *choice.all)
        if fact == "language":
            found = language_of_name(name) or language_of_code(name)
        elif fact == "countries":
            found = country_of_name(name) or country_of_code(name)
        else:
            person = self._find_person(name)
            found = person.name if person else None
        return (found,) if found else ()

    # --- works, people and subjects ---

    def _find_works(
        self, titles: Sequence[str], kind: Kind | None, known: Sequence[WorkReference]
    ) -> list[WorkReference]:
        """Return the works of titles that the words name and that are not known yet."""
        ids = {work.id for work in known}
        taken = {name_key(straight_title(work.title)) for work in known}
        found: dict[str, WorkReference] = {}
        for title in titles:
            if name_key(straight_title(title)) in taken:
                continue
            works = self._here.find_works(title) if self._is_said(title) else ()
            work = next((work for work in works if kind in (None, work.kind)), works[0] if works else None)
            if work is None:
                self._left_out.append(f"“{title}”")
            elif work.id not in ids:
                found[work.id] = work
        return list(found.values())

    def _find_people(self, names: Sequence[str]) -> list[str]:
        """Return the people of names, as the catalogue spells them."""
        people = {name: self._find_person(name) for name in names}
        self._left_out += [f"“{name}”" for name, person in people.items() if person is None]
        return [person.name for person in people.values() if person]

    def _find_person(self, name: str) -> Person | None:
        """Return a person whom the words name, by the full name or the surname."""
        words = plain_words(name)
        if words and (self._is_said(name) or self._is_said(words[-1])):
            people = self._here.names.people
            return people.person("".join(words)) or people.by_surname(words[-1])
        return None

    def _find_subject(self, about: str | None) -> str | None:
        if about is None or (self._is_said(about) and self._here.is_subject(about)):
            return about
        self._left_out.append(f"“{about}”")
        return None

    def _is_said(self, name: str) -> bool:
        """Return whether the words of the request have a name, slips of the hand aside."""
        words = plain_words(straight_title(name))
        n_words = len(words)
        windows = ("".join(self._words[at : at + n_words]) for at in range(len(self._words) - n_words + 1))
        return bool(words) and any(fuzz.ratio("".join(words), said) >= LEAST_LIKENESS for said in windows)

    # --- wishes ---

    def _add_wishes(self, reading: Reading) -> dict[str, float]:
        """Return the weights of values and tags of both readings; a guess gives way to what the model reads."""
        taxonomy = self._here.taxonomy
        own = {**self._own.values, **self._own.tags}
        read: dict[str, float] = {}
        for wish in reading.wishes:
            weight = WEIGHTS[wish.degree]
            dimensions = self._dimensions_of(wish.name)
            if weight > 0:  # nobody gets what is sensitive without having said so
                plain = {i: share for i, share in dimensions.items() if i in own or i not in taxonomy.sensitive}
            else:
                plain = dict(dimensions)
            if not plain:
                self._left_out.append(f"“{wish.name}”")
            elif wish.sure:
                read |= {dimension: weight * share for dimension, share in plain.items()}
        merged = {} if self._own.is_guess and read else dict(own)
        for dimension, weight in read.items():
            if merged.get(dimension, 0.0) * weight < 0:
                del merged[dimension]
                self._contrary.append(taxonomy.names[dimension])
            else:
                merged.setdefault(dimension, weight)
        return merged

    def _dimensions_of(self, name: str) -> Mapping[str, float]:
        """Return the values and tags of a name, an id or an asking phrase, each with its share of the weight."""
        taxonomy = self._here.taxonomy
        plain = name.casefold()
        named = {i: 1.0 for i, own in taxonomy.names.items() if plain in (i.casefold(), own.casefold())}
        phrase = " ".join(plain.replace("-", " ").split())
        return named or {**taxonomy.asking.get(phrase, {}), **taxonomy.asking_tags.get(phrase, {})}

    def _notes(self) -> list[str]:
        notes = []
        if self._left_out:
            more = len(self._left_out) - MOST_NAMED
            named = f"{', '.join(self._left_out[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"
            notes.append(f"of what the language model read, this was left out: {named}")
        if self._contrary:
            notes.append(f"the two readers differ on {', '.join(self._contrary)}, which weighs nothing")
        return notes
