"""Stem English words, for the peers that have no analyser."""

from __future__ import annotations

import re

import Stemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = re.compile(r"[^\W_]+")
_stemmer = Stemmer.Stemmer("english")


def stems(text: str) -> list[str]:
    """Return the stems of a text's words without stop words."""
    words = [word for word in WORD.findall(text.lower()) if word not in ENGLISH_STOP_WORDS]
    return list(_stemmer.stemWords(words))
