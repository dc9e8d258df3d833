"""Write names so that they compare: titles, people and series as catalogues spell them and as people type them. Pure.

A key is the words of a name in lower case, without accents, punctuation and leading article, with digits for number
words and Roman numerals ("The Godfather: Part II" is "godfather 2").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

ARTICLES = frozenset(("the", "a", "an"))
SMALL_WORDS = ARTICLES | frozenset(("of", "and", "in", "on", "to", "at", "for", "with", "from", "or"))
"""Words that people leave out or mix up: "Silence of Lambs"."""

MOST_NAME_WORDS = 12
"""Longer names are found as a whole query only."""

_TRAILING_ARTICLE = re.compile(r"^(.*), (the|a|an|les?|la|l'|el|los|las|der|die|das|il|un|une)$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_NOT_WORDS = re.compile(r"[^\w]+")
_KEY_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|&")
_LETTER_DIGIT_LETTER = re.compile(r"[a-z]+[134570][a-z]+")
_LETTERS_FOR_DIGITS = str.maketrans("134570", "ieasvo")
"""A digit within a word stands for a letter: "Se7en", "Scre4m"."""

_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
"""Letters that Unicode does not part from their strokes: people type "Stanislaw" for "Stanisław"."""

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ROMAN = "ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii"
_LONE_ROMAN = frozenset(("v", "x"))
"""Numerals that are often letters or words: "V for Vendetta", "Malcolm X". These stay as they are."""
_SCALES = {"hundred": 100, "thousand": 1_000}
_NUMBERED = frozenset(("part", "vol", "volume", "chapter", "episode"))
"""Words before a number that people leave out: "Kill Bill 2"."""
_NUMBERS: dict[str, str] = {
    **{word: str(n) for n, word in enumerate(_SMALL.split(" "))},
    **{word: str(10 * n) for n, word in enumerate(_TENS.split(" "), start=2)},
    **{word: str(n) for n, word in enumerate(_ROMAN.split(" "), start=2)},
}


def normalise_title(title: str) -> str:
    """Return a title without case, accents, punctuation and brackets, as names are compared: "the matrix"."""
    return _NOT_WORDS.sub(" ", _fold(straight_title(title).replace("&", " and "))).strip()


def straight_title(title: str) -> str:
    """Return a title without its brackets and with its article in front: "The Matrix" for "Matrix, The"."""
    plain = (_BRACKETS.sub("", title).strip() or title) if "(" in title else title
    if ", " in plain and (trailing := _TRAILING_ARTICLE.match(plain)):
        return f"{trailing[2]} {trailing[1]}"
    return plain


def _fold(text: str) -> str:
    """Return a text in lower case without accents and apostrophes."""
    folded = text.casefold()
    if not folded.isascii():  # most names are ASCII; removing accents takes longer than all other steps
        folded = "".join(
            c for c in unicodedata.normalize("NFKD", folded.translate(_STROKES)) if not unicodedata.combining(c)
        )
        folded = folded.replace("\u2019", "")
    return folded.replace("'", "")


class KeyWord(NamedTuple):
    """A word of a key, and the characters of the text that it was made from."""

    word: str
    start: int
    end: int


def key_words(text: str) -> list[KeyWord]:
    """Return the words of a text as keys have them, articles included. Numbers of several words are one word."""
    folded = text.casefold()
    if folded.isascii() and len(folded) == len(text):  # one fold for the text; else one for each word
        words = [KeyWord(_canonical(match[0].replace("'", "")), *match.span()) for match in _KEY_WORD.finditer(folded)]
    else:
        words = [KeyWord(_canonical(_fold(match[0])), *match.span()) for match in _KEY_WORD.finditer(text)]
    return _join_numbers(words) if any(word.word[:1].isdigit() for word in words) else words


def plain_words(name: str) -> list[str]:
    """Return the words of `key_words` without their places: a catalogue has a hundred thousand names."""
    folded = _fold(name)
    words = [_canonical(word) for word in _KEY_WORD.findall(folded)]
    return [word.word for word in key_words(name)] if any(word[0].isdigit() for word in words) else words


def _canonical(word: str) -> str:
    number = _NUMBERS.get(word)
    if number is not None and word not in _LONE_ROMAN:
        return number
    if word == "&":
        return "and"
    if not word.isalpha() and _LETTER_DIGIT_LETTER.fullmatch(word):
        letters = word.translate(_LETTERS_FOR_DIGITS)
        return _NUMBERS.get(letters, letters)
    return word


def _join_numbers(words: Sequence[KeyWord]) -> list[KeyWord]:
    """Return the words with numbers of several words as one.

    "2" for "part 2", "21" for "20 1" (twenty-one), "1984" for "19 84" and "20000" for "20,000".
    """
    joined: list[KeyWord] = []
    for at, word in enumerate(words):
        previous = joined[-1] if joined else None
        if previous and previous.word.isdigit() and (number := _larger_number(previous, word)):
            joined[-1] = KeyWord(number, previous.start, word.end)
            continue
        if previous and word.word.isdigit():
            is_near = word.start - previous.end <= 2
            if is_near and previous.word in _NUMBERED:
                joined[-1] = KeyWord(word.word, previous.start, word.end)
                continue
            if is_near and previous.word.isdigit() and (number := _joined_number(words, at, previous)):
                joined[-1] = KeyWord(number, previous.start, word.end)
                continue
        joined.append(word)
    return joined


def _larger_number(previous: KeyWord, word: KeyWord) -> str | None:
    """Return the number that a number and a scale after it mean: "20000" for "20 thousand" and for "20,000"."""
    if len(previous.word) > 3 or word.start - previous.end != 1:
        return None
    if word.word == "000":
        return f"{previous.word}000"
    scale = _SCALES.get(word.word)
    return str(int(previous.word) * scale) if scale else None


def _joined_number(words: Sequence[KeyWord], at: int, previous: KeyWord) -> str | None:
    """Return the number that number words spell together; None for figures, which stand for themselves."""
    word = words[at]
    is_spelled = word.end - word.start > len(word.word) and previous.end - previous.start > len(previous.word)
    if not is_spelled:
        return None
    tens, number = int(previous.word), int(word.word)
    if 0 < number < 10 and tens % 10 == 0 and tens % 100 >= 20:
        return str(tens + number)
    if 10 <= tens < 21 and 10 <= number < 100:
        return str(100 * tens + number)
    return None


def without_article(words: Sequence[str]) -> Sequence[str]:
    """Return the words without an article in front, if others follow."""
    return words[1:] if len(words) > 1 and words[0] in ARTICLES else words


def name_key(name: str) -> str:
    """Return a name's key without spaces, so that "Spider-Man" and "spiderman" are one."""
    return "".join(without_article(plain_words(name)))


def skeleton(words: Sequence[str]) -> str:
    """Return the words of weight without plural endings, run together; "" when there are fewer than two.

    Names with one skeleton differ in small words and plurals only: "Girl on a Train", "The Girl on the Train".
    """
    heavy = [
        word[:-1] if len(word) > 3 and word[-1] == "s" else word
        for word in words
        if word not in SMALL_WORDS and not word.isdigit()
    ]
    return "".join((*heavy, *(word for word in words if word.isdigit()))) if len(heavy) > 1 else ""


_SPLIT_TITLE = re.compile(r",? or:? (?=[A-Z])|: | - | \u2013 ")
_BRACKETED = re.compile(r"\(([^)#]*)\)")
_INITIALS = re.compile(r"(?:[A-Z]\.){2,}(?= )")
LEAST_TAIL_WORDS = 3
"""A title is also called by its last part if that has so many words: "The Empire Strikes Back"."""


def title_variants(title: str) -> Iterator[tuple[str, int]]:
    """Yield the forms a title is called by, with 0 for the whole title and 1 for a part of it.

    "Star Wars: Episode V - The Empire Strikes Back" is also called by its first part, its first two, and its last, and
    "E.T. the Extra-Terrestrial" by its initials.
    """
    whole = straight_title(title)
    yield whole, 0
    splits = list(_SPLIT_TITLE.finditer(whole))
    for split in splits:
        yield whole[: split.start()], 1
    if splits and whole.count(" ", splits[-1].end()) >= LEAST_TAIL_WORDS - 1:
        yield whole[splits[-1].end() :], 1
    if initials := _INITIALS.match(whole):
        yield initials[0], 1
    if "(" in title:  # the title in its first language
        for bracketed in _BRACKETED.findall(title):
            if " " in bracketed:
                yield straight_title(bracketed.removeprefix("a.k.a. ")), 1


@lru_cache(maxsize=1)
def common_words() -> dict[str, int]:
    """Return the 10,000 most frequent English words that are not mainly names, each with its place from 0.

    The list was made from the word frequencies of the package spacy-lookups-data (MIT).
    """
    text = files("indexer").joinpath("common_words.txt").read_text(encoding="utf-8")
    return {word: place for place, word in enumerate(text.split())}
