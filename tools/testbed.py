"""What a release needs around it on the test cluster: namespace, credentials, certificate.

Everything is made once and then read back, so that installing again changes
neither a password nor the authority that a browser was told to trust.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools import addons, certificates, cluster, images, ports, registry, toolchain
from tools import engine as engines
from tools.certificates import Authority, Certificate
from tools.cluster import Cluster
from tools.errors import ToolError
from tools.images import Image
from tools.paths import BUILD
from tools.proc import together

NAMESPACE = "disney-ai-plus"
RELEASE = "disney-ai-plus"
HOST = "disney-ai-plus.localhost"
AUTHORITY = BUILD / "ca.crt"
# How to reach the edge, for the smoke tests to find.
TLS = "kubernetes.io/tls"
FACTS = "test-bed"
CREDENTIALS = "test-bed-credentials"
EDGE_SECRET = "test-bed-edge"  # noqa: S105 (a name)
# Where the chart looks for the database's certificate: here the test bed is the cert-manager.
DATABASE_SECRET = "db-tls"  # noqa: S105 (a name)
DATABASE_AUTHORITY = "test-bed-database-authority"
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
}


@dataclass(frozen=True)
class TestBed:
    """A cluster of ours with its add-ons and with the workload images in its nodes."""

    cluster: Cluster
    images: list[Image]

    __test__ = False  # for pytest, which takes the name for a test's


def ensure() -> TestBed:
    """Make or reuse engine, cluster, add-ons and images; what is there is left as it is.

    What does not need one another is done at once: compilers leave a core idle now and then, and
    so do package managers.
    """
    engine = engines.ensure()
    registered = registry.answers()
    found, built, _ = together(
        lambda: cluster.ensure(engine),
        lambda: images.build(engine, registry=registered),
        lambda: toolchain.tool("helm"),
    )
    together(lambda: addons.install(found), lambda: cluster.load(found, built))
    found.kubectl("config", "set-context", "--current", f"--namespace={NAMESPACE}")
    return TestBed(found, built)


def room(bed: TestBed, name: str = NAMESPACE, host: str = HOST) -> dict[str, Any]:
    """Make a namespace ready for a release and return the values that fit it."""
    namespace(bed.cluster, name)
    edge_certificate(bed.cluster, name, host)
    database_certificate(bed.cluster, name)
    return values(bed.images, credentials(bed.cluster, name), host)


def namespace(cluster: Cluster, name: str = NAMESPACE) -> None:
    """Make a namespace in which Pod Security `restricted` is enforced."""
    apply(
        cluster,
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": POD_SECURITY},
        },
    )


def terminating(cluster: Cluster, name: str) -> bool:
    """Tell whether a namespace is on its way out."""
    words = ("get", "namespace", name, "--ignore-not-found", "-o=jsonpath={.status.phase}")
    return cluster.kubectl(*words) == "Terminating"


def credentials(cluster: Cluster, namespace: str = NAMESPACE) -> dict[str, str]:
    """Return the namespace's credentials by their name in `secrets.inline`, made once."""
    return _once(
        cluster,
        namespace,
        CREDENTIALS,
        lambda: {
            # Characters that mean something in URLs, shells and YAML test the escaping.
            "databasePassword": f"{secrets.token_urlsafe(16)}:/@#%&'\"$ \\",
            "jwtSecret": secrets.token_urlsafe(48),
            "supabaseAnonKey": secrets.token_urlsafe(32),
        },
    )


def edge_certificate(cluster: Cluster, namespace: str = NAMESPACE, host: str = HOST) -> None:
    """Put a certificate for the host into the namespace, and what clients need beside it."""

    def make() -> dict[str, str]:
        return tls_secret(certificates.issue([host]))

    authority = _once(cluster, namespace, EDGE_SECRET, make, kind=TLS)["ca.crt"]
    address = f"{ports.ADDRESS}:{cluster.ports['https']}"
    apply(
        cluster,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": FACTS, "namespace": namespace},
            "data": {"address": address, "ca.crt": authority},
        },
    )
    if namespace == NAMESPACE:  # what `up` tells people to trust
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        AUTHORITY.write_text(authority)


def database_certificate(cluster: Cluster, namespace: str = NAMESPACE) -> None:
    """Put a certificate for the internal database into the namespace, as cert-manager would."""

    def make() -> dict[str, str]:
        return tls_secret(database_authority(cluster, namespace).issue(database_names(namespace)))

    _once(cluster, namespace, DATABASE_SECRET, make, kind=TLS)


def database_authority(cluster: Cluster, namespace: str = NAMESPACE) -> Authority:
    """Return the authority of the namespace's database, made once; it signs renewals."""

    def make() -> dict[str, str]:
        certificate, key = Authority.new().pem
        return {"tls.crt": certificate, "tls.key": key}

    kept = _once(cluster, namespace, DATABASE_AUTHORITY, make, kind=TLS)
    return Authority.read(kept["tls.crt"], kept["tls.key"])


def database_names(namespace: str) -> list[str]:
    """Return the host names of the internal database, as the chart asks cert-manager for them."""
    return ["db", f"db.{namespace}", f"db.{namespace}.svc", f"db.{namespace}.svc.cluster.local"]


def tls_secret(issued: Certificate) -> dict[str, str]:
    """Return a certificate as a Secret of type kubernetes.io/tls holds it."""
    return {"ca.crt": issued.authority, "tls.crt": issued.certificate, "tls.key": issued.key}


def values(images: list[Image], credentials: dict[str, str], host: str = HOST) -> dict[str, Any]:
    """Return what differs on the test cluster: images, host, edge and credentials."""
    found: dict[str, Any] = {
        "supabase": {"url": "https://supabase.invalid"},
        "secrets": {"mode": "inline", "inline": credentials},
        "edge": {
            "host": host,
            "routes": [
                {"path": "/", "component": "web"},
                {"path": "/v1", "component": "api"},
            ],
            "ingress": {"className": "traefik"},
            "tls": {"secretName": EDGE_SECRET, "issuer": {"name": ""}},
        },
    }
    for image in images:
        repository, tag = image.reference.rsplit(":", 1)
        block = found
        for part in _image_path(image.component):
            block = block.setdefault(part, {})
        block["image"] = {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"}
    return found


def apply(cluster: Cluster, manifest: dict[str, Any]) -> None:
    """Apply one object, server-side."""
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))


def secret(
    cluster: Cluster, namespace: str, name: str, content: dict[str, str], kind: str = TLS
) -> None:
    """Put a Secret of text values into a namespace, or replace it; a certificate by default."""
    apply(
        cluster,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "type": kind,
            "stringData": content,
        },
    )


def _image_path(component: str) -> tuple[str, ...]:
    """Return where the chart's values hold a component's image."""
    paths: dict[str, tuple[str, ...]] = {name: (name,) for name in ("api", "web", "db", "pooler")}
    paths["exporter"] = ("db", "exporter")
    if component not in paths:
        raise ToolError(f"No values hold an image for the component {component!r}.")
    return paths[component]


def _once(
    cluster: Cluster,
    namespace: str,
    name: str,
    make: Callable[[], dict[str, str]],
    kind: str = "Opaque",
) -> dict[str, str]:
    """Return a Secret's text values, making the Secret if it is absent."""
    found = cluster.kubectl(
        "get", "secret", name, "-n", namespace, "--ignore-not-found", "-o", "json"
    )
    if found:
        data = json.loads(found)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
    content: dict[str, str] = make()
    secret(cluster, namespace, name, content, kind)
    return content
