"""The page results/report.html: one file with all that a run found, to read, leaf through and turn."""

from focus.report.page.document import Page, figure_of, render_page

__all__ = ["Page", "figure_of", "render_page"]
