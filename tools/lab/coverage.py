"""Which lines and branches of a chart's templates the tests come through."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from tools.lab.template import Block, blocks, instrument, line_of


@dataclass(frozen=True)
class FileCoverage:
    """Of one template: its lines and branches, and those not reached (with what opens them)."""

    file: str
    lines: int
    branches: int
    missed_lines: tuple[int, ...]
    missed_branches: tuple[str, ...]


@dataclass
class Templates:
    """A chart's templates with every block numbered, and which of them were reached."""

    sources: Mapping[str, str]
    reached: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Number the blocks."""
        found = [
            block for file in sorted(self.sources) for block in blocks(file, self.sources[file])
        ]
        self.blocks: dict[int, Block] = dict(enumerate(found))

    @classmethod
    def of(cls, chart: Path) -> Templates:
        """Read the templates of a chart; those of its subcharts are not looked at."""
        files = sorted(path for path in (chart / "templates").rglob("*") if path.is_file())
        return cls({str(p.relative_to(chart)): p.read_text(encoding="utf-8") for p in files})

    def instrumented(self) -> dict[str, str]:
        """Return the sources that report what is executed."""
        return {
            file: instrument(text, [(n, b) for n, b in self.blocks.items() if b.file == file])
            for file, text in self.sources.items()
        }

    def around(self, file: str, offset: int) -> int | None:
        """Return the number of the innermost block at a place, None outside of all."""
        found = [
            (block.end - block.start, number)
            for number, block in self.blocks.items()
            if block.file == file and not block.absent and block.start <= offset < block.end
        ]
        return min(found)[1] if found else None

    def coverage(self) -> list[FileCoverage]:
        """Return what was reached, file by file."""
        return [self._coverage(file) for file in self.sources]

    def _coverage(self, file: str) -> FileCoverage:
        text = self.sources[file]
        own = {number: block for number, block in self.blocks.items() if block.file == file}
        lines = dict(self._lines(file))
        missed = [number for number in own if number not in self.reached]
        return FileCoverage(
            file=file,
            lines=len(lines),
            branches=len(own),
            missed_lines=tuple(line for line, block in lines.items() if block not in self.reached),
            missed_branches=tuple(
                f"line {line_of(text, own[number].start)}: {own[number].what}" for number in missed
            ),
        )

    def _lines(self, file: str) -> Iterable[tuple[int, int]]:
        """Yield each line that is executed, with the innermost block at its first character."""
        offset = 0
        for number, line in enumerate(self.sources[file].splitlines(keepends=True), start=1):
            stripped = line.lstrip()
            if (
                stripped
                and (block := self.around(file, offset + len(line) - len(stripped))) is not None
            ):
                yield number, block
            offset += len(line)


def table(files: list[FileCoverage]) -> Table:
    """Return the coverage as a table, worst files first."""
    shown = Table("template", "lines", "reached", "branches", "reached", "not reached")
    for file in sorted(files, key=lambda f: (-len(f.missed_branches), f.file)):
        shown.add_row(
            *(file.file, str(file.lines), str(file.lines - len(file.missed_lines))),
            *(str(file.branches), str(file.branches - len(file.missed_branches))),
            "\n".join(file.missed_branches),
        )
    lines, branches = totals(files)
    shown.add_section()
    shown.add_row("all", *(f"{n}" for n in (*lines, *branches)), share(*branches))
    return shown


def totals(files: list[FileCoverage]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (lines, reached) and (branches, reached)."""
    lines, branches = sum(f.lines for f in files), sum(f.branches for f in files)
    return (
        (lines, lines - sum(len(f.missed_lines) for f in files)),
        (branches, branches - sum(len(f.missed_branches) for f in files)),
    )


def share(whole: int, reached: int) -> str:
    """Return a share in percent."""
    return f"{100 * reached / whole:.1f} %" if whole else "–"


def write(files: list[FileCoverage], path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([vars(f) for f in files], indent=1) + "\n", encoding="utf-8")
