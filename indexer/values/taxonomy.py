"""The taxonomy: values, roll-ups and tags, read from `values.toml` and checked."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import StringConstraints, ValidationError, model_validator

from crawler.records import ClosedModel
from indexer.errors import TaxonomyInvalid

Facet = Literal["theme", "emotion", "learning"]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]

TAG_PREFIX = "T-"
"""The start of every tag's id; a value whose id is that of a tag is refused."""


class Value(ClosedModel):
    """Something that a work explores, gives or teaches, such as hope; the head of `values.toml` explains each field."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=32)]
    name: Phrase
    facet: Facet
    group: Phrase | None = None
    description: Phrase
    cues: tuple[Phrase, ...] = ()
    tags: tuple[Phrase, ...] = ()
    opposites: tuple[str, ...] = ()
    ask: tuple[Phrase, ...] = ()
    not_ask: tuple[Phrase, ...] = ()
    sensitive: bool = False
    from_reviews: bool = False


class Tag(ClosedModel):
    """A tag or shelf of a community, such as "satire"; works are labelled with the tags that people would give them."""

    name: Phrase
    description: Phrase
    labels: tuple[Phrase, ...] = ()
    ask: tuple[Phrase, ...] = ()
    not_ask: tuple[Phrase, ...] = ()
    sensitive: bool = False
    from_reviews: bool = False

    @cached_property
    def id(self) -> str:
        """The id of the tag: TAG_PREFIX and its name, with "-" for each character that is not a letter or digit."""
        return TAG_PREFIX + "".join(character if character.isalnum() else "-" for character in self.name)


class RollUp(ClosedModel):
    """A name for every value of a facet at once, such as "educational value"."""

    name: Phrase
    facet: Facet
    ask: tuple[Phrase, ...] = ()


class Taxonomy(ClosedModel):
    """Values, roll-ups and tags in file order. The values, then the tags, are the dimensions of a `values` vector.

    "Dimension" stands for the id of a value or a tag.
    """

    version: Phrase
    values: tuple[Value, ...]
    rollups: tuple[RollUp, ...] = ()
    tags: tuple[Tag, ...] = ()
    small_talk: tuple[Phrase, ...] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The value ids, in file order."""
        return tuple(value.id for value in self.values)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """The value ids, then the tag ids, each in file order."""
        return (*self.ids, *(tag.id for tag in self.tags))

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each dimension."""
        return {value.id: value.name for value in self.values} | {tag.id: tag.name for tag in self.tags}

    @cached_property
    def by_id(self) -> dict[str, Value]:
        """The value of each id."""
        return {value.id: value for value in self.values}

    @cached_property
    def by_name(self) -> dict[str, Value]:
        """The value of each name, in lower case."""
        return {value.name.lower(): value for value in self.values}

    @cached_property
    def asking(self) -> dict[str, dict[str, float]]:
        """The values that each asking phrase asks for, with their weights in (0, 1].

        Phrases are in lower case, with spaces for hyphens. The vector of a roll-up's weights is as long as that
        of a single value, so that a broad request does not outweigh a precise one.
        """
        phrases: dict[str, dict[str, float]] = {}
        for rollup in self.rollups:
            members = self.members(rollup)
            for phrase in rollup.ask:
                phrases[_phrase_key(phrase)] = {value.id: len(members) ** -0.5 for value in members}
        for value in self.values:
            for phrase in value.ask:
                phrases.setdefault(_phrase_key(phrase), {})[value.id] = 1.0
        return phrases

    @cached_property
    def asking_tags(self) -> dict[str, dict[str, float]]:
        """The tags that each asking phrase asks for, with weight 1; a tag's name is one of its phrases."""
        phrases: dict[str, dict[str, float]] = {}
        for tag in self.tags:
            for phrase in (tag.name, *tag.ask):
                phrases.setdefault(_phrase_key(phrase), {})[tag.id] = 1.0
        return phrases

    @cached_property
    def akin(self) -> dict[str, frozenset[str]]:
        """The dimensions that the same words ask for, by dimension: "funny" asks for humour, comedy and others."""
        asked_with: dict[str, set[str]] = {dimension: set() for dimension in self.dimensions}
        for phrase in (*self.asking, *self.asking_tags):
            shares = {**self.asking.get(phrase, {}), **self.asking_tags.get(phrase, {})}
            plain = {dimension for dimension, share in shares.items() if share == 1}  # without those of a roll-up
            for dimension in plain:
                asked_with[dimension] |= plain - {dimension}
        return {dimension: frozenset(others) for dimension, others in asked_with.items()}

    @cached_property
    def not_asking(self) -> dict[str, frozenset[str]]:
        """The dimensions that the words of each phrase do not ask for: `not_ask` and `small_talk`."""
        phrases: dict[str, set[str]] = {}
        for dimension, entry in self._entries:
            for phrase in entry.not_ask:
                phrases.setdefault(_phrase_key(phrase), set()).add(dimension)
        for phrase in self.small_talk:
            phrases.setdefault(_phrase_key(phrase), set()).update(self.dimensions)
        return {phrase: frozenset(dimensions) for phrase, dimensions in phrases.items()}

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """The dimensions that only plain words ask for, such as violence."""
        return frozenset(dimension for dimension, entry in self._entries if entry.sensitive)

    @cached_property
    def from_reviews(self) -> frozenset[str]:
        """The dimensions that only what people say of a work tells, such as slow; no synopsis labels them."""
        return frozenset(dimension for dimension, entry in self._entries if entry.from_reviews)

    @cached_property
    def phrases(self) -> dict[str, frozenset[str]]:
        """Every phrase of the taxonomy (asking words, names, descriptions, cues) with the dimensions it stands for."""
        phrases: dict[str, set[str]] = {}
        for phrase, shares in (*self.asking.items(), *self.asking_tags.items()):
            phrases.setdefault(phrase, set()).update(shares)
        for dimension, name in self.names.items():
            for phrase in (name, *self.prototype_texts(dimension)):
                phrases.setdefault(phrase, set()).add(dimension)
        return {phrase: frozenset(dimensions) for phrase, dimensions in phrases.items()}

    @cached_property
    def word_digests(self) -> dict[str, str]:
        """A digest of the words that define each dimension: its name, its description and its cues.

        Asking phrases do not count: the rules of the query parser read them, and they do not change the meaning.
        """
        return {
            dimension: hashlib.sha256(orjson.dumps([name, *self.prototype_texts(dimension)])).hexdigest()[:16]
            for dimension, name in self.names.items()
        }

    @cached_property
    def community_labels(self) -> dict[str, frozenset[str]]:
        """The community's tags and shelves that count as a label of each dimension."""
        labels = {value.id: frozenset(value.tags) for value in self.values}
        return labels | {tag.id: frozenset((tag.name, *tag.labels)) for tag in self.tags}

    @property
    def _entries(self) -> tuple[tuple[str, Value | Tag], ...]:
        return (*((value.id, value) for value in self.values), *((tag.id, tag) for tag in self.tags))

    @cached_property
    def _tag_by_id(self) -> dict[str, Tag]:
        return {tag.id: tag for tag in self.tags}

    def prototype_texts(self, dimension: str) -> tuple[str, ...]:
        """Return the texts of a dimension's prototype: its description, then its cues; a tag has no cues."""
        if dimension in self.by_id:
            value = self.by_id[dimension]
            return (value.description, *value.cues)
        return (self._tag_by_id[dimension].description,)

    def members(self, rollup: RollUp) -> tuple[Value, ...]:
        """Return the values that a roll-up stands for."""
        return tuple(value for value in self.values if value.facet == rollup.facet)

    @model_validator(mode="after")
    def _values_agree(self) -> Taxonomy:
        if not self.values:
            raise ValueError("values: none is given")
        ids = set(self.ids)
        seen_ids: set[str] = set()
        seen_names: set[str] = set()
        for value in self.values:
            if value.id in seen_ids:
                raise ValueError(f"value {value.id}: id: given twice")
            if value.name.lower() in seen_names:
                raise ValueError(f"value {value.id}: name: {value.name!r} is given twice")
            if value.facet == "theme" and value.group is None:
                raise ValueError(f"value {value.id}: group: a theme belongs to a group")
            for opposite in value.opposites:
                if opposite == value.id:
                    raise ValueError(f"value {value.id}: opposites: a value is not its own opposite")
                if opposite not in ids:
                    raise ValueError(f"value {value.id}: opposites: no value has the id {opposite!r}")
            seen_ids.add(value.id)
            seen_names.add(value.name.lower())
        return self

    @model_validator(mode="after")
    def _tags_agree(self) -> Taxonomy:
        taken = {value_id: f"value {value_id}" for value_id in self.ids}
        seen_names: set[str] = set()
        for tag in self.tags:
            if tag.name.lower() in seen_names:
                raise ValueError(f"tag {tag.name}: name: given twice")
            if tag.id in taken:
                raise ValueError(f"tag {tag.name}: name: its id, {tag.id}, is that of {taken[tag.id]}")
            taken[tag.id] = f"tag {tag.name}"
            seen_names.add(tag.name.lower())
        return self


def _phrase_key(phrase: str) -> str:
    return " ".join(phrase.casefold().replace("-", " ").split())


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Return the taxonomy in a file, or the packaged one.

    Raises:
        TaxonomyInvalid: The file cannot be read or used; the message names file, value and field.
    """
    source = path if path is not None else files("indexer.values") / "values.toml"
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise TaxonomyInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TaxonomyInvalid(f"{source}: is not UTF-8: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyInvalid(f"{source}: is not TOML: {error}") from error
    try:
        return Taxonomy.model_validate(table)
    except ValidationError as error:
        raise TaxonomyInvalid(f"{source}: {_first_problem(error, table)}") from error


def _first_problem(error: ValidationError, table: dict[str, object]) -> str:
    """Return the first problem, such as "value E5: description: field required"."""
    problem = error.errors(include_url=False)[0]
    location = problem["loc"]
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if len(location) < 2:
        return ": ".join([*map(str, location), message])
    return ": ".join([_entry_name(table, str(location[0]), location[1]), *map(str, location[2:]), message])


def _entry_name(table: dict[str, object], section: str, number: int | str) -> str:
    """Return what to call an entry of the file: its id or name if it has one, else its number, counted from 1."""
    entries = table.get(section)
    entry = entries[number] if isinstance(entries, list) and isinstance(number, int) else None
    name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
    return f"{section.removesuffix('s')} {name or f'number {int(number) + 1}'}"
