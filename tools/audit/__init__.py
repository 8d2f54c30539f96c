"""What is known against the dependencies of tooling and images, and under which licences.

inventory.py   every locked package: Python, npm, Go
advisories.py  known vulnerabilities: of OSV, or of the Go project's database as a module
licences.py    the licence of each package, from its own metadata
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict

from rich.console import Console
from rich.table import Table

from tools.audit import advisories, inventory, licences
from tools.console import say
from tools.errors import ToolError


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """List known vulnerabilities and licences of every locked dependency.

    Raises:
        ToolError: a database could not be asked, so the list is not complete.
    """
    del arguments, flags
    packages = inventory.everything()
    counts = Counter(package.ecosystem for package in packages)
    say("locked: " + ", ".join(f"{count} of {name}" for name, count in sorted(counts.items())))
    found, unasked = advisories.find(packages)
    console = Console(width=160)
    console.print(_vulnerabilities(found))
    console.print(_licences(packages))
    if unasked:
        raise ToolError(
            f"Not asked about {', '.join(unasked)}: {advisories.OSV} cannot be reached from here. "
            "The list above is not complete; run this where it can be."
        )


def _vulnerabilities(found: list[advisories.Advisory]) -> Table:
    by_package: dict[inventory.Package, list[advisories.Advisory]] = defaultdict(list)
    for each in found:
        by_package[each.package].append(each)
    title = f"{len(found)} known vulnerabilities of {len(by_package)} packages"
    table = Table(title=title, title_justify="left")
    for column in ("package", "version", "known", "ids", "the first of them"):
        table.add_column(column)
    for package, flaws in sorted(by_package.items()):
        ids = [flaw.id for flaw in flaws]
        shown = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        first = f"{flaws[0].summary} (fixed in {flaws[0].fixed or 'none'})"
        table.add_row(package.name, package.version, str(len(flaws)), shown, first)
    return table


def _licences(packages: list[inventory.Package]) -> Table:
    table = Table(title="Licences", title_justify="left")
    for column in ("licence", "packages", "for example"):
        table.add_column(column)
    by_licence: dict[str, list[str]] = {}
    for package in packages:
        by_licence.setdefault(licences.of(package), []).append(package.name)
    for licence, names in sorted(by_licence.items(), key=lambda it: -len(it[1])):
        table.add_row(licence, str(len(names)), ", ".join(sorted(names)[:4]))
    return table
