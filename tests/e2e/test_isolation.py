"""NetworkPolicies hold: what network-edges.yaml lists connects, and nothing else does.

Everybody on the cluster opens a connection to every port of every pod of the release, and every pod
of the release to what is around it. The controls change policies, and see the doors that open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from tests.e2e import namespaces, patched
from tests.e2e.helm import helm
from tests.e2e.network import CONNECTS, REFUSED, Survey
from tests.e2e.parties import monitoring, on_every_worker, parties
from tests.smoke.release import Release
from tests.template.chart import Values
from tools import release as releases
from tools import testbed
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.poll import until
from tools.report import parts
from tools.testbed import TestBed

# Policies take effect a moment after a pod has started.
SETTLE_SECONDS = 30
TABLE = "files/network-edges.yaml"
# Node.js listens for debuggers there.
UNDECLARED = 9229


@pytest.fixture(scope="session")
def elsewhere(bed: TestBed) -> Iterator[list[dict[str, Any]]]:
    """Pods in another namespace, one on each worker."""
    with (
        namespaces.temporary(bed) as name,
        monitoring(bed),
        on_every_worker(bed, name) as found,
    ):
        yield found


def values_of(namespace: str, name: str) -> Values:
    """Return the values that a release was installed with, over the chart's own."""
    found: Values = json.loads(
        helm("get", "values", name, "--all", "--output", "json", namespace=namespace)
    )
    return found


def settled(look: Callable[[], Survey], wrong: Callable[[Survey], object]) -> Survey:
    """Return the first survey in which nothing is `wrong`, or the last one."""
    survey = look()

    def good() -> bool:
        nonlocal survey
        survey = look() if wrong(survey) else survey
        return not wrong(survey)

    with suppress(ToolError):
        until(good, seconds=SETTLE_SECONDS, what="the policies to take effect")
    return survey


@pytest.mark.row("S9")
def test_what_the_table_lists_connects_and_nothing_else(
    release: Release, installed: str, bed: TestBed, elsewhere: list[dict[str, Any]]
) -> None:
    values = values_of(release.namespace, testbed.RELEASE)
    with parties(bed, release.namespace, testbed.RELEASE, elsewhere) as everybody:
        survey = settled(lambda: everybody.survey(values), Survey.wrong)
        undeclared = everybody.undeclared()
    parts.save(f"isolation-{installed}", survey.matrix(f"Who reaches whom ({installed})"))
    assert not survey.wrong()
    assert not undeclared
    # Every party had its turn, and both outcomes were seen.
    rows = {source.party for source in survey.sources}
    assert rows >= {"web", "api", "db", "migrate", "backup", "restore", "test"}
    assert rows >= {"edge", "monitoring", "foreign", "another namespace", "node"}
    assert {outcome for row in survey.found for outcome in row} == {CONNECTS, REFUSED}


def another_table(text: str) -> str:
    """Return the table with one edge too many and one too few."""
    more, less = (
        "  - {from: web, to: db, port: postgres}\n",
        "  - {from: api, to: internet, port: 443}\n",
    )
    assert less in text
    return text.replace("edges:\n", f"edges:\n{more}").replace(less, "")


@pytest.mark.full
@pytest.mark.row("S9")
def test_control_another_table_or_none_shows_as_exactly_the_doors_it_opens(
    bed: TestBed, namespace: str, elsewhere: list[dict[str, Any]]
) -> None:
    debugger = {"api": {"extraEnv": {"NODE_OPTIONS": f"--inspect=0.0.0.0:{UNDECLARED}"}}}
    overlay = merge(testbed.room(bed, namespace, f"{namespace}.localhost"), debugger)

    def install(values: Mapping[str, Any], **options: Any) -> Values:
        releases.install(
            bed.cluster, merge(overlay, values), namespace=namespace, name=namespace, **options
        )
        return values_of(namespace, namespace)

    with patched.changed({TABLE: another_table}) as chart:
        values = install({}, chart=chart)
    with parties(bed, namespace, namespace, elsewhere) as everybody:
        expected = {("web", "db :5432", CONNECTS), ("api", "public :443", REFUSED)}
        survey = settled(
            lambda: everybody.survey(values), lambda survey: survey.wrong() != expected
        )
        assert survey.wrong() == expected
        assert everybody.undeclared() == {("api", UNDECLARED)}

        values = install({"networkPolicy": {"enabled": False}})
        survey = settled(
            lambda: everybody.survey(values),
            lambda survey: {pair[:2] for pair in survey.wrong()} != survey.forbidden(),
        )
    parts.save("isolation-control", survey.matrix("Control: without NetworkPolicies"))
    assert survey.wrong() == {(*pair, CONNECTS) for pair in survey.forbidden()}
    assert len(survey.forbidden()) > 50
