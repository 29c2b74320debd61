"""Links of the documents lead somewhere, the site shows every page, and the commands that files name exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

import docs_site
from projects import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md")), *PAGES]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def links(document: Path) -> list[str]:
    """Return the targets of a document's links that lead into this repository."""
    text = CODE.sub("", document.read_text(encoding="utf-8"))
    return [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]


@cache
def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as mkdocs and code hosts make them of plain words."""
    text = CODE.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(document):
    """A reader would click on nothing."""
    for target in links(document):
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), f"{document.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{document.name}: {target}"


def pages_in(entries: list) -> list[str]:
    """Return the pages of a navigation, in order."""
    values = [next(iter(entry.values())) if isinstance(entry, dict) else entry for entry in entries]
    return [page for value in values for page in (pages_in(value) if isinstance(value, list) else [value])]


def test_navigation_names_every_page_once():
    """A page of docs/ would be found by search alone, or the site's build would end with a warning."""
    found = pages_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert sorted(found) == [page.name for page in PAGES]


def test_the_reference_has_every_part_of_the_package():
    """A module would have no reference."""
    found = docs_site.parts()
    assert {"focus.losses", "focus.face_model", "focus.report", "focus.cli"} <= set(found)
    assert "focus.models" not in found  # holds no code


def test_links_that_leave_the_folder_are_turned_to_copies():
    """Pictures of the results would be missing in the site."""
    turned = docs_site.on_page_markdown("![a](../results/a.png) [b](../x/README.md) [c](c.md)", None, None, None)
    assert turned == "![a](repository/results/a.png) [b](repository/x/README.md.txt) [c](c.md)"
    assert "results/figures/figure5.png" in docs_site.linked_outside()


def test_make_targets_exist():
    """A document or a workflow would name a command that make does not know."""
    makefile = (ROOT / "Makefile").read_text()
    for file in [*DOCUMENTS, *WORKFLOWS, ROOT / "Dockerfile"]:
        text = file.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`|run: |RUN )make ([a-z][\w-]+)", text, re.MULTILINE))
        for name in named:
            assert re.search(rf"^{name}:", makefile, re.MULTILINE), f"{file.name}: make {name}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_whole(workflow):
    """A host would refuse the file, or a job would wait for one that is not there."""
    content = yaml.load(workflow.read_text(), yaml.BaseLoader)  # YAML's `on` is no boolean here
    assert set(content) == {"name", "on", "permissions", "jobs"} | (set(content) & {"concurrency"})
    for job in content["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] and job.get("needs", "lint") in {*content["jobs"], "lint"}
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", step.get("uses", "a/b@v1"))


def test_workflows_do_what_is_asked_of_them():
    """Nobody would see that tests, documents or the committed bits no longer hold."""
    jobs = {
        name: " ".join(step.get("run", "") for step in job["steps"])
        for workflow in WORKFLOWS
        for name, job in yaml.safe_load(workflow.read_text())["jobs"].items()
    }
    for name, words in {
        "lint": "make lint",
        "tests": "make test",
        "docs": "make docs",
        "verify": "focus verify",
    }.items():
        assert words in jobs[name]
    assert "tests/rendering" in jobs["conda"] and "focus reconstruct" in jobs["installed"]


def test_forms_can_be_read():
    """The host would show an empty page in place of the form."""
    for form in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        content = yaml.safe_load(form.read_text())
        assert form.name == "config.yml" or {"name", "description", "body"} <= set(content)
