"""The structure of a Go template's source: its actions, and the blocks that they open and close."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.errors import ToolError

# {{ ... }}: a comment, or words in which }} may stand inside quotes only.
_ACTION = re.compile(
    r"""\{\{(?P<left>-(?=\s))?\s*
        (?P<code> /\*.*?\*/ | (?: "(?:\\.|[^"\\])*" | `[^`]*` | [^"`}] | \}(?!\}) )*? )
        \s*(?P<right>(?<=\s)-)?\}\}""",
    re.VERBOSE | re.DOTALL,
)
OPENERS = ("if", "with", "range", "define", "block")


@dataclass(frozen=True)
class Action:
    """One `{{ … }}`: its place, its code, and whether it trims the text beside it."""

    start: int
    end: int
    code: str
    trims_left: bool
    trims_right: bool

    @property
    def keyword(self) -> str:
        """Return the first word, or nothing for a comment."""
        return "" if self.code.startswith("/*") else self.code.split(maxsplit=1)[0]

    @property
    def argument(self) -> str:
        """Return what follows the keyword."""
        return self.code[len(self.keyword) :].strip()


@dataclass(frozen=True)
class Block:
    """A stretch of a template that is executed as a whole or not at all.

    `what` is the code that opens it. `opened_by` is that action, None for the file itself. An
    `absent` block is the branch that an if or with without else takes when the condition is
    false: it has no text, and `closed_by` is the end before which it would stand.
    """

    file: str
    what: str
    start: int
    end: int
    opened_by: Action | None
    closed_by: Action | None
    absent: bool = False


def actions(text: str) -> Iterator[Action]:
    """Yield the actions of a template's source in order."""
    for found in _ACTION.finditer(text):
        yield Action(
            found.start(), found.end(), found["code"], bool(found["left"]), bool(found["right"])
        )


def blocks(file: str, text: str) -> list[Block]:
    """Return the blocks of a template's source; partials (`_*`) have none but their definitions.

    Raises:
        ToolError: an action closes what none has opened, or the other way round.
    """
    found: list[Block] = []
    partial = file.rsplit("/", 1)[-1].startswith("_")
    if not partial:
        found.append(Block(file, "file", 0, len(text), None, None))
    # The openers of what is open: the branch in which we are, and whether an else was seen.
    stack: list[tuple[Action, Action, bool]] = []
    for action in actions(text):
        if action.keyword in OPENERS:
            stack.append((action, action, False))
        elif action.keyword in ("else", "end"):
            if not stack:
                raise ToolError(f"{file}: {{{{ {action.code} }}}} closes nothing.")
            first, current, has_else = stack.pop()
            found.append(Block(file, current.code, current.end, action.start, current, action))
            if action.keyword == "else":
                stack.append((first, action, has_else or not action.argument))
            elif first.keyword in ("if", "with") and not has_else:
                what = f"not {first.code}"
                found.append(Block(file, what, action.start, action.start, None, action, True))
    if stack:
        raise ToolError(f"{file}: {{{{ {stack[-1][0].code} }}}} is not closed.")
    return sorted(found, key=lambda block: (block.start, -block.end))


def line_of(text: str, offset: int) -> int:
    """Return the line number (from 1) of a place in a text."""
    return text.count("\n", 0, offset) + 1


def instrument(text: str, numbered: list[tuple[int, Block]]) -> str:
    """Return the source in which every block reports its number when it is executed.

    What it renders stays the same to the byte: the report prints nothing, and takes over the
    trimming of the action that it stands behind or before.
    """
    insertions = []
    for number, block in numbered:
        if block.absent:
            assert block.closed_by is not None
            trim = "-" if block.closed_by.trims_left else ""
            report = f"{{{{{trim} else }}}}{{{{ reach {number} }}}}"
        else:
            trim = " -" if block.opened_by is not None and block.opened_by.trims_right else " "
            report = f"{{{{ reach {number}{trim}}}}}"
        insertions.append((block.start, block.absent, report))
    for offset, _, report in sorted(insertions, reverse=True):
        text = text[:offset] + report + text[offset:]
    return text


def plain(text: str) -> str:
    """Return an instrumented source without its reports, for a Helm that does not take them."""
    return re.sub(r"\{\{ reach \d+ -?\}\}", "", text)
