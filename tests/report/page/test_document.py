"""The page as text: self-contained, escaped, the same each time, and without the parts that it has no data for."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from focus.report.page import Page, render_page

VOID = {"meta", "link", "img", "br", "path", "circle", "input"}


class Outline(HTMLParser):
    """Which elements a page has, with their attributes; `open` holds those that were not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()


def test_every_element_is_closed(page: Page) -> None:
    """A browser would guess where a part of the page ends."""
    assert Outline(render_page(page)).open == []


def test_nothing_is_fetched(page: Page) -> None:
    """The page would be broken without a network, or tell a host that somebody reads it."""
    outline = Outline(render_page(page))
    addresses = [value for _, given in outline.elements for key, value in given.items() if key in ("src", "href")]
    assert addresses and all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"https?:|url\(|@import", render_page(page))


def test_names_from_files_are_text(page: Page) -> None:
    """A file's name could run a script in the reader's browser, or end the page early."""
    text = render_page(page)
    assert text.count("throw new Error('out')") == 0 and text.count("</script>") == 2
    assert 'id="x"' not in text and "&lt;/script&gt;" in text


def test_same_page_same_bytes(page: Page) -> None:
    """DVC would see a new page in every run."""
    assert render_page(page) == render_page(page)


def test_it_says_on_which_data_it_was_made(page: Page) -> None:
    """An embedded value would pose as a real one."""
    head = render_page(page).split("<main")[0]
    assert "embedded data (drawn faces)" in head


def test_a_part_without_data_is_left_out() -> None:
    """A page of real people, whose faces are withheld, would have empty sections and links to nowhere."""
    text = render_page(Page(provenance="licensed", withheld="Pictures of faces are left out"))
    assert "Pictures of faces are left out" in text
    assert not re.search(r'<section|<figure|<canvas|href="#(?!main)', text)


def test_links_of_the_page_lead_somewhere(page: Page) -> None:
    """A reader with a keyboard would be sent nowhere."""
    elements = Outline(render_page(page)).elements
    ids = [given["id"] for _, given in elements if "id" in given]
    links = [given["href"][1:] for tag, given in elements if tag == "a"]
    assert len(ids) == len(set(ids)) and set(links) <= set(ids)


def test_pictures_are_described(page: Page) -> None:
    """A blind reader would hear the bytes of a picture."""
    elements = Outline(render_page(page)).elements
    pictures = [given for tag, given in elements if tag == "img"]
    assert len(pictures) == 1 + 3 * 6 and all(given.get("alt") for given in pictures)
    assert all(given.get("aria-label") for tag, given in elements if tag == "canvas")


def test_faces_and_the_mechanism_lead(page: Page) -> None:
    """A reader would scroll past a hundred claims to the first face."""
    text = render_page(page)
    sections = re.findall(r'<section id="(\w+)"', text)
    assert sections[:3] == ["gallery", "claims", "figures"]
    open_rows, folded = text.split('<section id="claims"')[1].split("</section>")[0].split("<details>")
    assert open_rows.count("<tr data-verdict") == 1 and folded.count("<tr data-verdict") == 3


def test_rows_of_a_table_are_as_wide_as_its_head(page: Page) -> None:
    """A value would stand under another column's heading."""
    for table in page.tables:
        assert all(len(cells) == len(table.sources) for _, cells in table.rows)
        printed = sum(map(len, table.sources))
        assert not table.spans or sum(width for _, width in table.wide_spans) == printed
        html = render_page(page).split(f'id="table{table.number}"')[1].split("</table>")[0]
        assert html.count("<td class=") == printed * len(table.rows)
        assert html.count('class="number source') == printed


def test_shares_are_in_percent(page: Page) -> None:
    """A share would be read as a length, or lose its sign."""
    assert '<td class="number">1.235</td><td class="number">-25 %</td>' in render_page(page)


def test_view_data_are_json(page: Page) -> None:
    """The viewer could not read its meshes."""
    text = render_page(page)
    data = json.loads(re.search(r'<script type="application/json" id="view-data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["views"]) == 5 and data["views"][4]["title"].startswith("</script>")
