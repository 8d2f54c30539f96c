"""Pods restart when what they read at start has changed, and otherwise not."""

from __future__ import annotations

import pytest

from tests.template.chart import COMPONENTS, Values, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.helm import Helm

CHANGES: dict[str, tuple[Values, set[str]]] = {
    "environment": ({"environment": "staging"}, {"api", "web"}),
    "supabase url": ({"supabase": {"url": "https://other.supabase.co"}}, {"api", "web"}),
    "pool size": ({"api": {"poolSize": 5}}, {"api"}),
    "jwt secret": ({"secrets": {"inline": {"jwtSecret": "f" * 32}}}, {"api"}),
    "anonymous key": ({"secrets": {"inline": {"supabaseAnonKey": "other"}}}, {"api", "web"}),
    "server setting": ({"db": {"settings": {"work_mem": "8MB"}}}, {"db"}),
    # Read once, when the volume is initialised: restarting the database would change nothing.
    "database password": ({"secrets": {"inline": {"databasePassword": "other"}}}, {"api"}),
    "autoscaling": ({"api": {"autoscaling": {"maxReplicas": 7}}}, set()),
    "host": ({"edge": {"host": "elsewhere.test"}}, set()),
}


def changed(before: Render, after: Render, values: Values, other: Values) -> set[str]:
    """Return the components whose pod template differs between two renders."""
    old, new = before(values=values), after(values=other)
    return {component for component in COMPONENTS if old.pod(component) != new.pod(component)}


@pytest.mark.row("B19")
@pytest.mark.parametrize("what", CHANGES)
def test_a_change_restarts_those_it_concerns(render: Render, what: str) -> None:
    values, expected = CHANGES[what]
    assert changed(render, render, required(), merge(required(), values)) == expected


@pytest.mark.row("B19")
def test_new_sealed_values_restart_the_pods_that_read_them(render: Render) -> None:
    values = values_of("sealed")
    sealed = {"secrets": {"api": {"sealed": {"JWT_SECRET": "AgBz"}}}}
    assert changed(render, render, values, merge(values, sealed)) == {"api"}


@pytest.mark.row("B19")
def test_another_key_in_the_store_restarts_the_pods_that_read_it(render: Render) -> None:
    values = values_of("external")
    other = {"secrets": {"api": {"external": {"JWT_SECRET": {"key": "other"}}}}}
    assert changed(render, render, values, merge(values, other)) == {"api"}


@pytest.mark.row("B19")
def test_pods_say_what_they_depend_on(render: Render) -> None:
    expected = {"api": {"config", "secret"}, "web": {"config", "secret"}, "db": {"config"}}
    for component, names in expected.items():
        annotations = render().pod(component)["metadata"]["annotations"]
        found = {key for key in annotations if key.startswith("checksum/")}
        assert found == {f"checksum/{name}" for name in names}


@pytest.mark.row("B19", "B7")
def test_a_new_chart_version_restarts_nothing(helm: Helm) -> None:
    """Nor does it touch what is immutable in the StatefulSet."""
    text = helm.source("Chart.yaml")
    assert "\nversion: 0.1.0\n" in text
    newer = helm.changed({"Chart.yaml": text.replace("\nversion: 0.1.0\n", "\nversion: 9.9.9\n")})
    assert changed(helm.render, newer.render, required(), required()) == set()
    old, new = helm.render(), newer.render()
    assert old.one("StatefulSet", "db")["spec"] == new.one("StatefulSet", "db")["spec"]
    assert new.one("Service", "db")["metadata"]["labels"]["helm.sh/chart"] == "disney-ai-plus-9.9.9"


@pytest.mark.row("B19")
@pytest.mark.parametrize("file", ["files/db/pg_hba.conf", "files/db/initdb.sh"])
def test_new_access_rules_restart_the_database(helm: Helm, file: str) -> None:
    newer = helm.changed({file: helm.source(file) + "# changed\n"})
    assert changed(helm.render, newer.render, required(), required()) == {"db"}
