"""Read the metadata file of a book, metadata.opf, as Calibre writes it: OPF 2.0, with Dublin Core."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, XMLParser

from crawler.errors import TableRefused
from crawler.tables.cells import Cell, to_cell

_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_TEXTS = {"title": "title", "description": "comments", "date": "pubdate", "language": "languages"}
"""The name of the column of Calibre's CSV files by the element that has the same."""
_METAS = {"calibre:series": "series", "calibre:series_index": "series_index"}


def read_opf(path: Path, body: bytes) -> dict[str, Cell]:
    """Return what a metadata file says, by the names of the columns of Calibre's CSV files.

    Raises:
        TableRefused: it is not XML, or declares entities, which no metadata file needs and a hostile one would use.
    """
    if b"<!ENTITY" in body:
        raise TableRefused(f"{path}: declares XML entities: remove them")
    parser = XMLParser()  # noqa: S314 - without entities there is nothing to expand
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        raise TableRefused(f"{path}: is not XML: {error}") from error
    found = {name: to_cell(root.findtext(f".//{_DC}{tag}") or "") for tag, name in _TEXTS.items()}
    people = [
        (each.get(f"{_OPF}role", "aut"), (each.text or "").strip()) for each in root.iter(f"{_DC}creator") if each.text
    ]
    metas = {each.get("name", ""): each.get("content", "") for each in root.iter(f"{_OPF}meta")}
    identifiers = [
        f"{each.get(f'{_OPF}scheme', '').lower()}:{(each.text or '').strip()}" for each in root.iter(f"{_DC}identifier")
    ]
    return {
        **found,
        "authors": [name for role, name in people if role == "aut"],
        "tags": [(each.text or "").strip() for each in root.iter(f"{_DC}subject")],
        "identifiers": list(identifiers),
        "uuid": next((each.partition(":")[2] for each in identifiers if each.startswith("uuid:")), None),
        **{name: to_cell(metas.get(key, "")) for key, name in _METAS.items()},
    }
