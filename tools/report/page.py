"""The page that draws every part of a report."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from tools.paths import REPORT
from tools.report.parts import Part, Timeline, read

PAGE = "index.html"
# Failures that the page lists of one timeline; all of them are in its JSON.
FAILURES = 50


def write(folder: Path = REPORT) -> Path | None:
    """Write the page over all parts in the folder; none if there is no part."""
    found = {path.stem: read(path) for path in sorted(folder.glob("*.json"))}
    parts: dict[str, Part] = {name: part for name, part in found.items() if part}
    if not parts:
        return None
    from tools.report.plot import svg  # takes a second to load

    pictures = {
        name: Markup(svg(part))  # noqa: S704 (matplotlib escapes the text in it)
        for name, part in parts.items()
        if isinstance(part, Timeline)
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True
    )
    page = environment.get_template("page.html")
    path = folder / PAGE
    path.write_text(page.render(parts=parts, pictures=pictures, most=FAILURES), encoding="utf-8")
    return path
