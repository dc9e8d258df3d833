"""Measure how well sentences of experience are found among others, on sentences of film reviews that a person marked.

python -m benchmarks.review_sentences CATALOGUE

CATALOGUE has the Large Movie Review Dataset (Maas et al. 2011) as source records. `review_sentences.tsv` has the marks
of 300 of its sentences, drawn at random, without their text: the first 16 digits of a sentence's SHA-256, and E for
experience, P for plot, C for cast and makers, S for anything else. None of them was used to choose words or weights.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crawler.catalogue import Rejected, read_catalogue
from indexer.reviews.sentences import EXPERIENCE_SCORE, QUOTE_SCORE, experience_score
from indexer.value_training.calibration import area_under_curve

MARKS = Path(__file__).with_suffix(".tsv")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z0-9\"'(])|\n+")


def main() -> None:
    """Print how many marked sentences were found, and precision and recall at the scores in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    marks = dict(line.split("\t") for line in MARKS.read_text(encoding="utf-8").splitlines())
    found = {digest: text for digest, text in read_sentences(parser.parse_args().catalogue) if digest in marks}
    scores = np.array([experience_score(text) for text in found.values()])
    is_experience = np.array([marks[digest] == "E" for digest in found])
    print(f"{len(found)} of {len(marks)} marked sentences, {is_experience.sum()} of experience")
    print(f"AUC {area_under_curve(scores, is_experience):.3f}")
    for least in (EXPERIENCE_SCORE, QUOTE_SCORE):
        chosen = scores >= least
        precision, recall = (is_experience[chosen].mean(), chosen[is_experience].mean())
        print(f"score {least}: precision {precision:.3f}, recall {recall:.3f}")


def read_sentences(catalogue: Path) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a catalogue's reviews, each with the beginning of its digest."""
    for entry in read_catalogue(catalogue):
        if not isinstance(entry, Rejected):
            for review in entry[1].reviews:
                for sentence in filter(None, map(str.strip, filter(None, _SENTENCE_END.split(review.text)))):
                    yield hashlib.sha256(sentence.encode()).hexdigest()[:16], sentence


if __name__ == "__main__":
    main()
