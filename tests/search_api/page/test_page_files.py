"""The files of the page, read without a browser."""

import re

import pytest

from search_api.service.page import WEB, facts_script, page_script


def test_the_page_has_no_inline_script_or_style() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:", html)
    scripts = "".join(path.read_text(encoding="utf-8") for path in WEB.rglob("*.js"))
    assert "innerHTML" not in scripts
    assert "insertAdjacentHTML" not in scripts


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "ink-soft", "emotion", "theme", "learning"])
@pytest.mark.parametrize("ground", ["ground", "sheet"])
def test_text_has_enough_contrast(theme: int, text: str, ground: str) -> None:
    css = (WEB / "style.css").read_text(encoding="utf-8")
    colours = {name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)}
    lighter, darker = sorted((luminance(colours[name][theme]) for name in (text, ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, AA


def test_the_page_loads_all_its_modules_as_one_script() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<script src="web/([^"]+)"', html) == ["boot.js", "page.js"]
    joined = re.findall(r'^modules\["([^"]+)"\] =', page_script(facts_script(covers=False)), flags=re.MULTILINE)
    modules = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")} - {"boot.js"}
    assert sorted(joined) == sorted(modules | {"facts.js"})


def test_what_the_page_names_is_there() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in WEB.rglob("*.js"))
    asked = set(re.findall(r'byId\("([\w-]+)"\)', scripts))
    made = set(re.findall(r'\bid: "([\w-]+)"', scripts)) | set(re.findall(r'\bid="([\w-]+)"', html))
    assert asked - made == set()
