"""A make-believe machine: docker, kind and kubectl that share one file of state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.unit.machine.programs import Call, Programs
from tools.cluster import NAME, NODE_PORTS

# Tests end programs in the middle: the file is replaced, never half written.
STATE = """
import json, os
path = {path!r}
state = json.load(open(path))
def save():
    with open(path + str(os.getpid()), "w") as file:
        json.dump(state, file)
    os.replace(file.name, path)
"""

DOCKER = """
if argv[0] == "ps":
    print("\\n".join(node["Name"] for node in state["nodes"]))
elif argv[0] == "inspect":
    print(json.dumps([node for node in state["nodes"] if node["Name"] in argv]))
elif argv[0] == "port":
    print("127.0.0.1:" + str(state["ports"][argv[2]]))
elif argv[:2] == ["image", "inspect"]:
    sys.exit(argv[2] not in state["images"])
elif argv[0] == "exec":
    print("\\n".join(state["held"]))
"""

KIND = """
if argv[:2] == ["create", "cluster"]:
    state["asked"] = stdin
    state["nodes"] = state["next"]
    save()
elif argv[:2] == ["delete", "cluster"]:
    state["nodes"] = []
    save()
elif argv[:2] == ["export", "kubeconfig"]:
    open(argv[argv.index("--kubeconfig") + 1], "w").write("made by kind")
"""

KUBECTL = """
if "nodes" in argv:
    if not state["api"]:
        sys.exit("The connection to the server was refused")
    print(json.dumps({"items": [{}] * len(state["nodes"])}))
"""


class KindMachine:
    """What a test says of the machine, and what it reads of what was done to it."""

    def __init__(self, programs: Programs, path: Path) -> None:
        """Put the programs on PATH."""
        self._programs, self.path = programs, path
        shared = STATE.format(path=str(path))
        programs.add("docker", shared + DOCKER)
        programs.add("kind", shared + KIND)
        programs.add("kubectl", shared + KUBECTL)
        ports = {f"{port}/tcp": 8000 + port % 1000 for port in NODE_PORTS.values()}
        self._write(
            {"nodes": [], "next": [], "ports": ports, "images": [], "held": [], "api": True}
        )

    def has(self, **state: Any) -> None:
        """Set parts of the state."""
        self._write({**self.state, **state})

    @property
    def state(self) -> dict[str, Any]:
        """Return the state."""
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found

    @property
    def asked(self) -> dict[str, Any]:
        """Return the configuration that kind was last told to make a cluster of."""
        found: dict[str, Any] = yaml.safe_load(self.state["asked"])
        return found

    def nodes_as_asked(self) -> list[dict[str, Any]]:
        """Return the nodes that the engine would show for what kind was last asked for."""
        return [
            node(f"{NAME}-{number}", [mount["containerPath"] for mount in asked["extraMounts"]])
            for number, asked in enumerate(self.asked["nodes"])
        ]

    def changes(self) -> list[Call]:
        """Return the calls of kind that make or delete a cluster."""
        return [call for call in self._programs.calls("kind") if "cluster" in call.argv]

    def _write(self, state: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(state))


def node(name: str, mounts: list[str], *, running: bool = True) -> dict[str, Any]:
    """Return a node as `docker inspect` shows it."""
    return {
        "Name": f"/{name}",
        "State": {"Running": running},
        "Mounts": [{"Destination": "/var"}, *({"Destination": mount} for mount in mounts)],
    }
