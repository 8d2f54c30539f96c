"""A real registry with TLS and a password: pushed to from here, pulled from by the nodes."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import bcrypt
import requests

from tests.smoke.release import HTTP_SECONDS
from tools import certificates, images, ports, testbed
from tools.cluster import NAME as CLUSTER
from tools.engine import Engine
from tools.images import Image
from tools.poll import until
from tools.publish.oras import Repository
from tools.testbed import TestBed

WISHED_PORT = 5443
INSIDE_PORT = 5000
START_SECONDS = 30
USER = "release"
PULL_SECRET = "registry"
# kind's name for the network of its nodes.
NETWORK = "kind"
CERTIFICATES = "/etc/containerd/certs.d"
CONFIG = f"""
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: /data}}, delete: {{enabled: true}}}}
auth: {{htpasswd: {{realm: rehearsal, path: /config/htpasswd}}}}
http:
  addr: :{INSIDE_PORT}
  tls: {{certificate: /config/tls.crt, key: /config/tls.key}}
"""


@dataclass(frozen=True)
class Registry:
    """A registry: where it is reached from here, and from the nodes, and what it keeps where."""

    engine: Engine
    name: str
    port: int
    folder: Path
    password: str

    @property
    def host(self) -> str:
        """Return its address on this machine, which is its name on the nodes as well."""
        return f"{ports.ADDRESS}:{self.port}"

    @property
    def ca(self) -> Path:
        """Return the file of the authority that signed its certificate."""
        return self.folder / "config" / "ca.crt"

    @property
    def credentials(self) -> Path:
        """Return a folder for `DOCKER_CONFIG`, as `docker login` leaves it."""
        return self.folder / "credentials"

    def repository(self, path: str) -> Repository:
        """Return a repository in it."""
        return Repository(f"{self.host}/{path}", self.ca)

    def docker_config(self) -> str:
        """Return the content of a `config.json` that logs in to it."""
        word = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        return json.dumps({"auths": {self.host: {"auth": word}}})

    def stored(self, digest: str) -> Path:
        """Return the file in which it keeps a blob or manifest."""
        plain = digest.removeprefix("sha256:")
        return self.folder / "data/docker/registry/v2/blobs/sha256" / plain[:2] / plain / "data"

    def push(self, image: Image) -> None:
        """Push an image of the engine, under the path that it has anyway."""
        target = f"{self.host}/{image.reference}"
        image.load(self.engine)
        self.engine.run("tag", image.reference, target)
        try:
            self.engine.run("--config", self.credentials, "push", target)
        finally:
            self.engine.run("image", "rm", target)


@contextmanager
def running(bed: TestBed, folder: Path) -> Iterator[Registry]:
    """Run a registry for as long as the context lasts."""
    engine = bed.cluster.engine
    name = f"{CLUSTER}-registry-{uuid.uuid4().hex[:8]}"
    port = ports.free(WISHED_PORT)
    found = Registry(engine, name, port, folder, secrets.token_urlsafe(18))
    _configure(found)
    image = images.program(engine, "registry", "registry")
    image.load(engine)
    engine.run(
        *("run", "--detach", "--name", name, "--network", NETWORK, "--user", "0"),
        *("--publish", f"{found.host}:{INSIDE_PORT}"),
        *("--volume", f"{folder / 'config'}:/config:ro", "--volume", f"{folder / 'data'}:/data"),
        *(image.reference, "serve", "/config/config.yml"),
    )
    try:
        until(lambda: _answers(found), seconds=START_SECONDS, what="the registry to answer")
        yield found
    finally:
        engine.run("rm", "--force", "--volumes", name)


@contextmanager
def known_to_nodes(registry: Registry, namespace: str, bed: TestBed) -> Iterator[None]:
    """Let the nodes pull from it with a Secret of a namespace, as their administrator would."""
    nodes = bed.cluster.kubectl("get", "nodes", "-o=jsonpath={.items[*].metadata.name}").split()
    place = f"{CERTIFICATES}/{registry.host}"
    hosts = registry.folder / "hosts.toml"
    hosts.write_text(
        f'server = "https://{registry.host}"\n'
        f'[host."https://{registry.name}:{INSIDE_PORT}"]\n'
        f'  capabilities = ["pull", "resolve"]\n  ca = "{place}/ca.crt"\n'
    )
    login = {".dockerconfigjson": registry.docker_config()}
    testbed.secret(bed.cluster, namespace, PULL_SECRET, login, "kubernetes.io/dockerconfigjson")
    try:
        for node in nodes:
            registry.engine.run("exec", node, "mkdir", "-p", place)
            for file in (hosts, registry.ca):
                registry.engine.run("cp", file, f"{node}:{place}/{file.name}")
        yield
    finally:
        for node in nodes:
            registry.engine.run("exec", node, "rm", "-rf", place)


def _configure(registry: Registry) -> None:
    """Write what the registry reads, and how to log in to it."""
    config = registry.folder / "config"
    for folder in (config, registry.folder / "data", registry.credentials):
        folder.mkdir(parents=True)
    issued = certificates.issue([ports.ADDRESS, registry.name])
    password = bcrypt.hashpw(registry.password.encode(), bcrypt.gensalt(rounds=5)).decode()
    (config / "config.yml").write_text(CONFIG)
    (config / "htpasswd").write_text(f"{USER}:{password}\n")
    (config / "tls.crt").write_text(issued.certificate)
    (config / "tls.key").write_text(issued.key)
    registry.ca.write_text(issued.authority)
    (registry.credentials / "config.json").write_text(registry.docker_config())


def _answers(registry: Registry) -> bool:
    """Tell whether it answers, and lets nobody in without the password."""
    try:
        answer = requests.get(
            f"https://{registry.host}/v2/", verify=str(registry.ca), timeout=HTTP_SECONDS
        )
    except requests.ConnectionError:
        return False
    return answer.status_code == HTTPStatus.UNAUTHORIZED
