"""Simple Markdown becomes plain text: sentences stay, marks and links to other works are removed."""

from __future__ import annotations

import pytest

from crawler.sources.open_library.markdown import plain_text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Plain words, 2 * 3 * 4 = 24, f**k, snake_case_name and #1 in [1950].", None),
        ("A *slow* and **very __long__** night in _Rome_.", "A slow and very long night in Rome."),
        (r"Not \*starred\*, nor \[bracketed\].", "Not *starred*, nor [bracketed]."),
        ("> Quoted words\r\n>> twice.\r\n\r\n## A heading", "Quoted words\ntwice.\n\nA heading"),
        ("See [the sea][2] and [a (b)](https://x.org/a_(b)).\n\n  [2]: https://x.org", "See the sea and a (b)."),
        ("It ends. ([source][1])\r\n\r\n  [1]: https://x.org/a", "It ends."),
        ("It ends ([Source](https://x.org)).", "It ends."),
        ("It ends.\n\n- [publisher](https://x.org/a)", "It ends."),
        ("It ends.\n**Source**: [Some Name](https://en.wikipedia.org/wiki/Some)", "It ends."),
        ("It ends.\nSource: http://x.org/1.html", "It ends."),
        ("The source: a spring in the hills.", None),
        (
            "It ends.\n\n----------\n**Also contained in:**\n\n - [Works][1]\n - [More](http://x.org)\n\n[1]: http://x.org",
            "It ends.",
        ),
        (
            "First part.\n***\nSecond part, also contained in [Works](//x.org).\n---\nContains:\n- [One](//x.org)",
            "First part.\n\n\nSecond part, also contained in Works.\n\n\nContains:\n- One",
        ),
        ("", ""),
    ],
)
def test_plain_text(markdown: str, text: str | None) -> None:
    assert plain_text(markdown) == (markdown if text is None else text)


def test_text_that_looks_like_much_markdown_takes_no_time() -> None:
    for mark in ("[", "(", "*", "_", " ", "[a](", "> ", "- ", "![", "a*b ", "[source] "):
        assert isinstance(plain_text(mark * 20_000), str)
