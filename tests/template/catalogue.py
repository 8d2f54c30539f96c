"""The chart's components: what runs, and when. A test proves that nothing else runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.template.chart import Values


def always(values: Values) -> bool:
    """Return that a component is part of every install."""
    del values
    return True


def internal_database(values: Values) -> bool:
    """Tell whether the release has its own database server."""
    return bool(values["db"]["mode"] == "internal")


def backups(values: Values) -> bool:
    """Tell whether backups are on."""
    return bool(values["backup"]["enabled"])


def pooled(values: Values) -> bool:
    """Tell whether there is a pooler between the API and the database."""
    return bool(values["pooler"]["enabled"])


def helm_tests(values: Values) -> bool:
    """Tell whether the pods of `helm test` are there."""
    return bool(values["tests"]["enabled"])


@dataclass(frozen=True)
class Component:
    """A component: the kind that makes its pods, its containers' users, and when it is there.

    `account` names the component whose service account it shares.
    """

    kind: str
    users: dict[str, int]
    present: Callable[[Values], bool] = always
    account: str = ""
    init: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Tell whether it runs until it is told to stop, rather than to an end of its own."""
        return self.kind in {"Deployment", "StatefulSet"}


DATABASE_USERS: Final = {"guard": 999, "postgres": 999, "exporter": 65534, "reloader": 999}

CATALOGUE: Final = {
    "api": Component("Deployment", {"api": 10001}),
    "web": Component("Deployment", {"web": 10001}),
    "pooler": Component(
        "Deployment", {"pgbouncer": 10001, "credentials": 10001}, pooled, init=("credentials",)
    ),
    "db": Component("StatefulSet", DATABASE_USERS, internal_database, init=("guard",)),
    "migrate": Component("Job", {"migrate": 10001}),
    "backup": Component("CronJob", {"backup": 999}, backups),
    "restore": Component("CronJob", {"restore": 999}, backups, account="backup"),
    "test": Component("Pod", {"web": 10001, "api": 10001, "db": 999}, helm_tests),
}


def expected(values: Values) -> dict[str, Component]:
    """Return the components of an install with these (effective) values."""
    return {name: c for name, c in CATALOGUE.items() if c.present(values)}
