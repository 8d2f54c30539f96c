"""From the chart that users have to this one, back, and again; and on after an interruption."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import earlier, ledger
from tests.e2e.database import integrity, psql
from tests.e2e.helm import helm, status
from tests.e2e.patched import without
from tests.e2e.scene import Scene
from tests.smoke.release import Release
from tools import release, rollout, toolchain
from tools.cluster import KUBECONFIG
from tools.errors import ToolError
from tools.paths import CHART
from tools.poll import until
from tools.report.parts import Table, save
from tools.testbed import TestBed

COLUMNS = (
    *("step", "s", "acknowledged writes so far", "of them lost", "damage found"),
    "immutable fields",
)
CLAIM_LABELS = r"        labels:\n          \{\{- include \"labels.selector\" \$db[^\n]*\n"
PRINTS = "SELECT title FROM stories WHERE author = 'smoke' ORDER BY id"


def immutable(there: Release) -> dict[str, Any]:
    """Return what Kubernetes lets nobody change, and which volume holds the data."""
    database = there.get("statefulset", "db")["spec"]
    fields = ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates")
    return {
        "db": {name: database[name] for name in fields},
        **{name: there.get("deployment", name)["spec"]["selector"] for name in ("api", "web")},
        "claim": there.get("pvc", "data-db-0")["metadata"]["uid"],
    }


def write_a_story(there: Release, title: str) -> None:
    """Write a story as a user does, through the edge."""
    with there.edge(None, None) as edge, edge.session() as session:
        until(
            lambda: session.get(edge.url("/v1/stories")).status_code == 200,
            seconds=60,
            what="the API to answer at the edge",
        )
        url, token = edge.url("/v1/stories"), {"Authorization": f"Bearer {there.token()}"}
        story = {"title": title, "body": "written before the next step"}
        answer = session.post(url, json=story, headers=token)
    assert answer.status_code == 201, answer.text


@dataclass
class Journey:
    """Steps of a release, and what each of them left."""

    scene: Scene
    constant: dict[str, Any] = field(default_factory=dict)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], object]) -> None:
        """Do something, and check that nothing is lost, damaged or changed for ever."""
        there, began = self.scene.there, time.monotonic()
        work()
        rollout.wait(self.scene.bed.cluster, self.scene.name, seconds=release.READY_SECONDS)
        seconds = time.monotonic() - began
        self.constant = self.constant or immutable(there)
        write_a_story(there, name)
        told = self.scene.ledger.acknowledged()
        lost, damage, same = (
            self.scene.ledger.lost(),
            integrity(there),
            immutable(there) == self.constant,
        )
        counts = (str(len(told)), str(len(lost)), damage or "none")
        self.rows.append((name, f"{seconds:.0f}", *counts, "unchanged" if same else "changed"))
        note = "The client writes all the time, also while Helm works."
        save("upgrade", Table("Upgrades", note, COLUMNS, self.rows))
        assert (lost, damage) == (set(), "")
        assert immutable(there) == self.constant
        assert psql(there, PRINTS).splitlines() == [row[0] for row in self.rows]


def interrupt(scene: Scene, program: str) -> None:
    """Begin an upgrade, and SIGKILL Helm when it has changed the first workload."""

    def generation() -> int:
        return int(scene.there.get("deployment", "api")["metadata"]["generation"])

    before = generation()
    command: list[str | Path] = [
        *(toolchain.tool(program), "upgrade", scene.name, CHART, "--namespace", scene.name),
        *("--kubeconfig", KUBECONFIG, "--values", release.DEFAULT_VALUES, "--values", "-"),
        *("--wait", "--set-string", "api.podAnnotations.interrupted=yes"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(scene.overlay))
        process.stdin.close()
        until(lambda: generation() > before, seconds=60, what="the upgrade to change the API")
        process.kill()
    assert status(scene.name, scene.name) == "pending-upgrade"


@pytest.mark.full
@pytest.mark.row("B7", "S16")
@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_there_and_back_and_there_again(
    bed: TestBed,
    namespace: str,
    tools_on_path: None,  # noqa: ARG001 (order)
    tmp_path: Path,
    program: str,
) -> None:
    old = earlier.take(tmp_path)
    scene = Scene.room(bed, namespace)
    journey = Journey(scene)
    upgrade = partial(scene.install, program=program, wait=False)
    back = partial(helm, "rollback", namespace, namespace=namespace, program=program)

    manifest = partial(helm, "get", "manifest", namespace, namespace=namespace, program=program)

    with ExitStack() as stack:

        def install() -> None:
            now, scene.overlay = scene.overlay, old.known(scene.overlay)
            upgrade(chart=old.chart, files=[old.staging])
            scene.overlay = now
            scene.settle()
            stack.enter_context(ledger.kept(bed, scene.there))

        journey.step(f"the chart of {old.label}", install)
        was = manifest()
        journey.step("upgrade to this one", upgrade)
        assert manifest() != was
        journey.step("rollback", back)
        assert manifest() == was

        # What docs/upgrade.md says of an upgrade that was cut short.
        interrupt(scene, program)
        with pytest.raises(ToolError, match="is in progress") as refused:
            upgrade()
        assert release.IN_PROGRESS in str(refused.value)
        journey.step("rollback of an upgrade cut short", back)
        journey.step("upgrade to this one again", upgrade)

        # The control: a claim template that changes is a wall that no upgrade passes.
        with (
            without("templates/db/statefulset.yaml", CLAIM_LABELS) as chart,
            pytest.raises(ToolError) as forbidden,
        ):
            upgrade(chart=chart)
        assert "updates to statefulset spec" in str(forbidden.value)
