"""The renderer's own reader of YAML never says anything else than Helm's library does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab.subject import RELEASE, subject
from tools.lab.engine import Request, engine
from tools.lab.resident import Resident

# What people write, and what only YAML's specification knows: each a document.
TEXTS = (
    """\
a: 1
b: 0x1f
c: 0o17
d: 017
e: 1_000
f: 1e3
g: -0
h: .5
i: 0b11
j: 123456789012345678901234567890
k: -.inf
===
- yes
- No
- on
- ~
- null
- Null
- y
- "y"
- 'null'
- TRUE
- tRUE
- 2001-12-14
- 2001-12-14t21:59:43.10-05:00
- 10.0.0.0/8
- 1.2.3
- 5m
- 25%
- 08
- 190:20:30
- --flag=a b
- -x
- - nested
  - list
===
a:
- b: 1
  c:
  - d
e:
  f:

  g: # nothing
h: text # with a comment
i: "text" # with a comment
j: it's
k: 'it''s'
l: "a\\tb \\u00e4"
m: http://x:80/y
===
a: |
  one
   two

  # three
b: |-

  one

c: >-
  one
  two

   three
d: |+
  one

e: |2
   one
f: end
===
a: |
  no newline at the end"""
    + """
===
a: goes
  on here
b: "and
  here"
c: [1, two,
  {three: 4}]
d: {a: {b: c}, "e": [f]}
===
a: {b: c}: d
===
a: b: c
===
{a: b}: {c: d}
===
[a]: [b]
===
a: 1
a: 2
===
a: &x 1
b: *x
<<: {c: d}
===
a: !!str 1
===
? a
: b
===
a:	tab
===
a: 1
 b: 2
===
  a: 1
b: 2
===
a:
  []
b:
    {}
c:
  - []
===
1: a
true: b
null: c
===
"a": b
===
a: ä
b: "\u2028"
===
a: \x07
===
- a
b: c
===
- a
-
- b:
  - c
 # comment
===
plain
===
# nothing
===
--- # another
a: b
===
a: b
...
===
a: "b" c
===
a: 'b
===
a: [b
===
a: @b
===
a: b
  # comment
  c
===
a:
  b
===
a:
  |
  b
===
a: |
b: |-
  \tc
 d: e
===
a: - b
===
a: #b
c: d#e
f: g #h
===
a: true

b: [false,
  true]

c: - d


===
a: |+

b: >

c: |2

d: "e


f"
===
a:
- b


- "c"

  d
- 'e


===
- a


  #b
- c

 d


"""
)


def agree(texts: list[str]) -> int:
    """Compare both readers, and return how many texts only the library read."""
    resident = engine()
    assert isinstance(resident, Resident)
    left = 0
    for text, (own, library) in zip(texts, resident.readings(texts), strict=True):
        assert own is None or own == library, text
        left += own is None and library is not None
    return left


@pytest.mark.parametrize("end", ["\n", ""])
def test_of_odd_texts(end: str) -> None:
    texts = [text.removesuffix("\n") + end for text in TEXTS.split("===\n")]
    assert 0 < agree(texts) < len(texts) / 2


def documents() -> Iterator[str]:
    """Yield what the chart renders, with its own sets of values and with many others."""
    resident = engine()
    chart = resident.load(subject().chart)
    for values in subject().bases.values():
        text = resident.text(chart, Request.of(values, release=RELEASE))
        yield from re.split("^---\n", text, flags=re.MULTILINE)


def test_of_rendered_objects() -> None:
    assert agree(list(documents())) == 0


LEAVES: Any = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.text(alphabet="ab01:-#'\" \n{}[],|>&*!%@.xe", max_size=12)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abyn01.-/ ", max_size=4), inner)
    ),
    max_leaves=12,
)
STYLES = st.fixed_dictionaries(
    {
        "default_style": st.sampled_from([None, None, "|", ">", '"', "'"]),
        "default_flow_style": st.sampled_from([False, False, None]),
        "indent": st.integers(2, 4),
        "width": st.sampled_from([20, 80, 1000]),
        "allow_unicode": st.booleans(),
    }
)


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(VALUES, STYLES)
def test_of_whatever_is_written(value: Any, style: dict[str, Any]) -> None:
    agree([yaml.dump(value, **style)])


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: yaml\nversion: 0.1.0\n",
    "templates/NOTES.txt": "{{ .Values.value | toYaml }}\n{{ .Values.text | fromYaml | toJson }}\n",
}


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """A chart that reads and writes YAML: as our engine loads it, and as Helm 3's own does."""
    folder = tmp_path_factory.mktemp("yaml")
    for name, text in CHART.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return engine().load(folder), engine("helm3").load(folder)


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(VALUES, st.one_of(st.sampled_from(TEXTS.split("===\n")), VALUES.map(yaml.dump)))
def test_the_functions_of_templates(charts: tuple[int, int], value: Any, text: str) -> None:
    request = Request.of({"value": value, "text": text})
    ours, theirs = charts
    assert engine().notes(ours, request) == engine("helm3").notes(theirs, request)
