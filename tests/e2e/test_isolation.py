"""NetworkPolicies hold: allowed edges connect, others do not.

The whole matrix is another issue's; this is its spine, with a control for each
refusal: the same port answers the party that may reach it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.testbed import NAMESPACE

pytestmark = pytest.mark.usefixtures("release")

PORTS = {"web": 3000, "api": 3001, "db": 5432}


@pytest.mark.row("S9")
@pytest.mark.parametrize(
    ("source", "target", "outcome"),
    [
        ("web", "api", "connected"),
        ("api", "db", "connected"),
        ("web", "db", "refused"),
        ("api", "web", "refused"),
    ],
)
def test_within_the_release(
    connect: Callable[[str, str, str, int], str],
    addresses: dict[str, str],
    source: str,
    target: str,
    outcome: str,
) -> None:
    found = connect(NAMESPACE, f"deployment/{source}", addresses[target], PORTS[target])
    assert found == outcome


@pytest.mark.row("S9")
@pytest.mark.parametrize("target", list(PORTS))
def test_a_foreign_pod_reaches_nothing(
    connect: Callable[[str, str, str, int], str],
    addresses: dict[str, str],
    namespace: str,
    foreign_pod: str,
    target: str,
) -> None:
    assert connect(namespace, foreign_pod, addresses[target], PORTS[target]) == "refused"
