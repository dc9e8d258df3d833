"""The words that fill the slots of frames: asking words, words that no value knows, titles, people and facts."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from random import Random
from typing import Any

from indexer.values.taxonomy import Taxonomy

HELD_OUT = 0.12
"""The share of words, and of frames, that no training sees."""

_WORD_CLASSES = ("noun", "adj", "clause", "verb")
_SHARES = {
    "noun": (94, 4, 1, 1),
    "adj": (4, 94, 1, 1),
    "clause": (8, 3, 88, 1),
    "verb": (1, 1, 3, 95),
    "": (68, 28, 3, 1),
}
"""How often a slot for words of a class is filled by words of each class; "" is a slot whose class is not known."""
_KIND = r"(?:\{k\}|films?\b|movies?\b|books?\b|novels?\b|stor(?:y|ies)\b|kind\b|sort\b|ones?\b|enough\b)"
_CONTEXTS = tuple(
    (word_class, re.compile(rf"{before}$"), re.compile(after))
    for word_class, before, after in (
        ("verb", r"\b(?:make|makes|made|to)(?: me| us| you)?", ""),
        ("clause", r"\b(?:that|which|it|where|who)", r"(?!is\b|was\b|does|has\b|did)"),
        ("adj", "", _KIND),
        (
            "adj",
            (
                r"(?:\b(?:a|an|something|anything|too|so|very|really|overly|remotely|quite|bit|be|being|is|it's|isn't|are"
                r"|aren't|as|was|feel|feels|feeling|turns?|gets?|getting|less|not|just|properly|i'm|leave me))"
            ),
            "",
        ),
        (
            "noun",
            (
                r"\b(?:about|with|no|of|without|any|zero|enough|the|some|and|for|like|love|loves|hate|hates|on|into|all|from"
                r"|in|by|minus|avoid|need|want|had|lots|plenty|stand|bear|take|at|against|between|among|my|more|much|than|to)"
            ),
            "",
        ),
        (
            "noun",
            "",
            r"(?:is|was|are|has|does|would|can|will|gets|makes|puts|ruins|runs|kept|leaves|doesn't|isn't|need)\b",
        ),
    )
)
"""The class of the words between two texts, the first that fits: class, text before, text after."""
_ADJECTIVE = re.compile(r"\w+(?:ful|ous|ive|al|less|ic|ical|ed|able|ible|ish|ary|ent|ant|y)$|\w+-\w+(?:ed|ing)$")
_VERBS_OF_PHRASES = re.compile(
    r"(?:can't|couldn't|doesn't|don't|didn't|won't|(?:achieve|amuse|bawl|be|become|believe|bite|blow|boost|break|brighten"
    r"|bring|broaden|build|bum|challenge|change|chase|cheer|chew|come|commit|control|crack|creep|cry|curl|destroy|devastate|die"
    r"|discover|distract|disturb|do|drag|dream|educate|empower|encourage|end|engage|enjoy|entertain|escape|expand|explain|face"
    r"|feed|feel|find|fire|frighten|get|give|go|grip|grow|guess|haunt|help|hit|hold|immerse|improve|inspire|keep|kick|know|laugh"
    r"|learn|leave|lift|linger|live|lose|make|manage|melt|mess|motivate|move|nourish|open|overcome|poke|pull|push|put|question"
    r"|reduce|relive|remind|restore|rip|ruin|run|save|scare|see|send|settle|shock|sob|solve|split|stand|start|stay|stick|stir"
    r"|strengthen|succeed|suck|surprise|sweep|switch|take|talk|teach|tear|tell|terrify|thrill|tickle|transport|traumati[sz]e"
    r"|trust|tug|turn|unsettle|uplift|use|wallow|want|warm|wish|wreck)(?:s|es)?|dies|cries|terrifies) "
    r"(?:me|my|you|your|us|the|a|an|it|into|out|up|on|off|through|with|to|how|in|back|for|from|their|his|her|people|things|down|well"
    r"|alive|happy|calm|angry|stop|put|see|trust|guess|look|believe|away|and|by|good|better|human|like|over|myself|about|i)\b.*"
)
_PREPOSITION = re.compile(
    r"(?:about|after|against|ahead|among|around|at|based|before|behind|beneath|between|beyond|by|during|for|from|in"
    r"|inside|of|on|set|through|told|under|up|with|without)\b"
)


@dataclass(frozen=True)
class WordBank:
    """Words by what they are: nouns, adjectives, happenings ("makes me cry"), verbs, kinds, facts and names.

    The slots {w}, {a}, {n} and {o} draw from the same lists, so that a word's label depends on its frame alone.
    """

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    happenings: tuple[str, ...]
    verbs: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: tuple[str, ...]
    given_names: tuple[str, ...]
    surnames: tuple[str, ...]
    old_titles: tuple[str, ...]
    title_shapes: tuple[str, ...]
    title_words: Mapping[str, tuple[str, ...]]

    def divide(self) -> tuple[WordBank, WordBank]:
        """Return a bank for training and one of held-out words; kinds, facts, titles and names are in both."""
        divided: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for held_out, part in zip((False, True), divided, strict=True):
            for name in ("nouns", "adjectives", "happenings", "verbs"):
                part[name] = tuple(phrase for phrase in getattr(self, name) if is_held_out(phrase) == held_out)
        return replace(self, **divided[0]), replace(self, **divided[1])

    def phrase(self, random: Random, word_class: str, before: str, after: str) -> str:
        """Return a phrase that mostly fits its place.

        Args:
            random: Decides.
            word_class: "noun", "adj" or "verb"; "" where the texts around it tell.
            before: The text before it, in lower case.
            after: The text after it.
        """
        word_class = word_class or _guess_class(before, after)
        chosen = random.choices(_WORD_CLASSES, _SHARES[word_class])[0]
        lists = {"noun": self.nouns, "adj": self.adjectives, "clause": self.happenings, "verb": self.verbs}
        return random.choice(lists[chosen])

    def person(self, random: Random) -> str:
        """Return the name of a person: a surname, or a given name and a surname."""
        surname = random.choice(self.surnames)
        if random.random() < 0.2:
            return surname
        middle = random.choice(("", "", "", "", "J. ", "M. ", "van "))
        return f"{random.choice(self.given_names)} {middle}{surname}"

    def fact(self, random: Random) -> str:
        """Return a fact, such as "from the 80s"."""
        return re.sub("#", lambda _: str(random.randrange(1, 10)), random.choice(self.facts))

    def title(self, random: Random) -> str:
        """Return a title: a work in the public domain, or one made up."""
        if random.random() < 0.3:
            return random.choice(self.old_titles)
        if random.random() < 0.12:  # a title of asking words, such as "Grief" or "A Good Cry"
            return random.choice(random.choice((self.nouns, self.adjectives))).title()
        return re.sub(r"\{(\w)\}", lambda slot: self._title_word(random, slot[1]), random.choice(self.title_shapes))

    def _title_word(self, random: Random, slot: str) -> str:
        if slot == "y":
            return str(random.randrange(1400, 2100))
        return random.choice(self.title_words[slot])


def _guess_class(before: str, after: str) -> str:
    return next((name for name, first, last in _CONTEXTS if first.search(before) and last.match(after)), "")


def is_held_out(text: str) -> bool:
    """Return whether a phrase or a frame is kept for testing; this depends on its text alone."""
    return zlib.crc32(text.encode()) % 1_000 < HELD_OUT * 1_000


def read_word_bank(taxonomy: Taxonomy) -> WordBank:
    """Return the words of words.toml and the asking words of a taxonomy."""
    path = files("evaluation") / "reader_training" / "words.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    nouns, adjectives, happenings = (_phrases(table[name]) for name in ("things", "qualities", "happenings"))
    for phrase in sorted({*taxonomy.asking, *taxonomy.asking_tags}):
        if _VERBS_OF_PHRASES.fullmatch(phrase):
            happenings.append(phrase)
        elif _ADJECTIVE.fullmatch(phrase):
            adjectives.append(phrase)
        elif not _PREPOSITION.match(phrase):  # "in her own words" fits few frames
            nouns.append(phrase)
    given_names, surnames = (tuple(_phrases(table[name])) for name in ("given_names", "surnames"))
    title_words = {slot: _phrases(words) for slot, words in table["title_words"].items()}
    return WordBank(
        nouns=_unique(nouns),
        adjectives=_unique(adjectives),
        happenings=_unique(happenings),
        verbs=_unique(_phrases(table["verbs"])),
        kinds=tuple(_phrases(table["kinds"])),
        facts=_unique(_phrases(table["facts"])),
        given_names=given_names,
        surnames=surnames,
        old_titles=_unique(_phrases(table["old_titles"], separator=";")),
        title_shapes=tuple(_phrases(table["title_shapes"], separator=";")),
        title_words={slot: tuple(words) for slot, words in title_words.items()} | {"g": given_names, "s": surnames},
    )


def _phrases(text: str, separator: str = ",") -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split(separator) if phrase.strip()]


def _unique(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))
