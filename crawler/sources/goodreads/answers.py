"""Parse Goodreads' answers: a page of today's site, or an answer of the API that is closed now."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.answers import Answer, ParseResult
from crawler.sources.goodreads import api_answers, pages

_HEAD_BYTES = 1_000


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the books of an answer, or why it has none."""
    if api_answers.ROOT in answer.body[:_HEAD_BYTES]:
        yield from api_answers.parse_api_answer(answer.body)
    else:
        yield from pages.parse_answer(answer)
