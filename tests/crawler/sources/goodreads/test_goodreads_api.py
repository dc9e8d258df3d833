"""Answers of Goodreads' old API: books and shelves become records, other answers a reason; no entity is expanded."""

from __future__ import annotations

import pytest

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.records import Creator, Rating, Review, Series, SourceRecord
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.answers import parse_answer

BOOK = """
  <book>
    <id>4711</id>
    <title><![CDATA[The Quiet Harbour (Coast, #2)]]></title>
    <title_without_series>The Quiet Harbour</title_without_series>
    <isbn><![CDATA[080442957X]]></isbn>
    <isbn13><![CDATA[9780804429573]]></isbn13>
    <image_url>https://images.gr-assets.com/books/4711m.jpg</image_url>
    <publication_year>2011</publication_year>
    <language_code>fin</language_code>
    <description><![CDATA[A dock worker hides a deserter.<br />Nobody asks <b>why</b>.]]></description>
    <work>
      <id type="integer">815</id>
      <ratings_count type="integer">10</ratings_count>
      <ratings_sum type="integer">37</ratings_sum>
      <original_publication_year type="integer">1961</original_publication_year>
      <original_title>Hiljainen satama</original_title>
    </work>
    <average_rating>3.9</average_rating>
    <ratings_count>4</ratings_count>
    <num_pages><![CDATA[312]]></num_pages>
    <authors>
      <author><id>1</id><name>Helmi Salo</name><role></role></author>
      <author><id>2</id><name>Aino Virta</name><role>Translator</role></author>
    </authors>
    <popular_shelves>
      <shelf name="to-read" count="99"/><shelf name="by-the-sea" count="9"/><shelf name="own-it" count="8"/>
      <shelf name="2019-books" count="8"/><shelf name="war" count="7"/>
    </popular_shelves>
    <series_works>
      <series_work><user_position>2</user_position><series><title><![CDATA[
        Coast
      ]]></title></series></series_work>
    </series_works>
    <similar_books><book><id>9</id><title>Another</title></book></similar_books>
  </book>"""
RECORD = SourceRecord(
    source="goodreads",
    source_id="4711",
    kind="book",
    title="The Quiet Harbour",
    original_title="Hiljainen satama",
    description="A dock worker hides a deserter.\nNobody asks why.",
    year=1961,
    creators=(Creator(name="Helmi Salo", role="author"), Creator(name="Aino Virta", role="translator")),
    keywords=("by-the-sea", "war"),
    language="fi",
    series=Series(name="Coast", position=2),
    page_count=312,
    rating=Rating(mean=3.7, count=10, scale=5),
    ids={"goodreads": "4711", "goodreads_work": "815", "isbn10": "080442957X", "isbn13": "9780804429573"},
    url="https://www.goodreads.com/book/show/4711",
    image_url="https://images.gr-assets.com/books/4711m.jpg",
    licence=GOODREADS.licence,
    attribution=GOODREADS.attribution,
)


def read(content: str, prolog: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> list[ParseResult]:
    request = "<Request><authentication>true</authentication><method><![CDATA[book_show]]></method></Request>"
    body = f"{prolog}<GoodreadsResponse>\n{request}{content}\n</GoodreadsResponse>"
    return list(parse_answer(Answer(body.encode())))


def test_a_book() -> None:
    assert read(BOOK) == [RECORD]


def test_a_book_with_little() -> None:
    (result,) = read("<book><id>5</id><title>Epic</title><average_rating>4.0</average_rating></book>")
    assert isinstance(result, SourceRecord)
    assert (result.title, result.year, result.rating, result.creators) == ("Epic", None, None, ())


def test_the_books_of_a_shelf_with_what_its_reader_wrote() -> None:
    review = "<rating>4</rating><votes>3</votes><spoiler_flag>true</spoiler_flag><body><![CDATA[Slow, and {}.]]></body>"
    other = "<book><id>12</id><title>Epic</title></book><rating>0</rating><body></body>"
    ours = f"<review>{BOOK}{review.format('worth it')}</review>"
    first, second = read(f"<reviews start='1' end='2'>{ours}<review>{other}</review></reviews>")
    assert first == RECORD.model_copy(
        update={"reviews": (Review(text="Slow, and worth it.", rating=4, helpful=3, spoiler=True),)}
    )
    assert isinstance(second, SourceRecord)
    assert (second.title, second.reviews) == ("Epic", ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<search><results><work><best_book><id>1</id></best_book></work></results></search>", Reason.LIST),
        ("<author><id>1</id><books><book><id>2</id></book></books></author>", Reason.LIST),
        ("<reviews></reviews>", Reason.LIST),
        ("<user><id>1</id></user>", Reason.OTHER),
        ("<error>book not found</error>", Reason.NOT_FOUND),
        ("<book><title>No id</title></book>", Reason.UNKNOWN),
        ("<book><id>7</id><title></title></book>", Reason.UNTITLED),
        ("<book><id>7</id>", Reason.BROKEN),
        ("<book>\x00</book>", Reason.BROKEN),
    ],
)
def test_another_answer_says_why(content: str, reason: Reason) -> None:
    (result,) = read(content)
    assert isinstance(result, NotAWork)
    assert result.reason is reason


def test_declared_entities_are_neither_expanded_nor_fetched() -> None:
    grown = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    for declared in (grown, '<!ENTITY j SYSTEM "file:///etc/passwd">'):
        (result,) = read("<book><id>1</id><title>&j;</title></book>", f"<!DOCTYPE GoodreadsResponse [{declared}]>")
        assert result == NotAWork(Reason.UNKNOWN, "XML with a document type, which answers of Goodreads do not have")
