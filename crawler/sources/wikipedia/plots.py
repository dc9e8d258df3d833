"""Find the plot in the plain text of a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

MOST_CHARACTERS = 20_000
"""The longest description that a work gets when records are merged; a plot has 4,000 characters."""
LEAST_CHARACTERS = 200
"""A shorter section only names the work's parts or says where to read the plot."""

_PLOTS = frozenset((
    "plot", "plot summary", "plot synopsis", "plot outline", "plot overview", "synopsis", "story", "storyline",
    "story summary", "summary", "narrative", "premise", "content", "contents",
))  # fmt: skip


Section = tuple[int, str, str]
"""Level, heading and text: `== Plot ==` is of level 2, the lead of level 0."""


def plot_or_lead(text: str) -> str:
    """Return the section with the plot, its subsections included; the lead of the page if there is none."""
    sections = list(_sections(text))
    for place, (_, heading, _) in enumerate(sections):
        if heading.casefold() in _PLOTS and len(plot := _whole_text(sections[place:])) >= LEAST_CHARACTERS:
            return _cut(plot)
    return _cut(sections[0][2])


def _whole_text(sections: Sequence[Section]) -> str:
    """Return the text of the first section with that of its subsections, which follow it."""
    level, _, text = sections[0]
    subsections = takewhile(lambda section: section[0] > level, sections[1:])
    return "\n".join(filter(None, [text, *(body for _, _, body in subsections)]))


def _sections(text: str) -> Iterator[Section]:
    level, heading, lines = 0, "", list[str]()
    for line in text.split("\n"):
        stripped = line.strip()
        marks = len(stripped) - len(stripped.lstrip("="))
        if marks > 1 and stripped.endswith("=" * marks) and (found := stripped.strip("=").strip()):
            yield level, heading, "\n".join(lines).strip()
            level, heading, lines = marks, found, []
        else:
            lines.append(line)
    yield level, heading, "\n".join(lines).strip()


def _cut(text: str) -> str:
    """Return the paragraphs that fit into MOST_CHARACTERS."""
    if len(text) <= MOST_CHARACTERS:
        return text
    beginning = text[:MOST_CHARACTERS]
    return beginning.rpartition("\n")[0] or beginning
