"""What mkdocs cannot know (a hook of mkdocs.yml): pages of the reference, and files that documents link outside docs/.

The reference has a page for each module and package right below `focus`, filled by mkdocstrings from the docstrings. A
link `../PATH` of a document leads to a copy of that file in the site, below repository/.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)")
COPIES = "repository"


def parts() -> list[str]:
    """Return the dotted names of the modules and packages right below `focus`."""
    found = sorted((ROOT / "src/focus").iterdir())
    modules = {path.stem for path in found if path.suffix == ".py" and path.name != "__init__.py"}
    packages = {path.name for path in found if (path / "__init__.py").is_file()}
    return [f"focus.{name}" for name in sorted(modules | packages)]


def linked_outside() -> set[str]:
    """Return the files outside docs/ that documents link to, as paths from the project's root."""
    return {target for page in DOCS.glob("*.md") for target in OUTSIDE.findall(page.read_text(encoding="utf-8"))}


def on_config(config):
    """Fill the last entry of the navigation."""
    config.nav[-1] = {"Reference": [f"reference/{name}.md" for name in parts()]}
    return config


def on_files(files, config):
    """Add the reference's pages and the copies."""
    from mkdocs.structure.files import File

    for name in parts():
        files.append(File.generated(config, f"reference/{name}.md", content=f"# {name}\n\n::: {name}\n"))
    for target in sorted(linked_outside()):
        # No page of the site, whatever its kind: what it links to is not here.
        copy = posixpath.join(COPIES, target.replace(".md", ".md.txt"))
        files.append(File.generated(config, copy, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turn links that leave docs/ to the copies."""
    return OUTSIDE.sub(lambda found: f"]({COPIES}/{found[1].replace('.md', '.md.txt')}", markdown)
