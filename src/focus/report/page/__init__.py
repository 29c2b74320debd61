"""The page results/report.html: one file with all that a run found, to read, leaf through and turn."""

from focus.report.page.document import Page, render_page

__all__ = ["Page", "render_page"]
