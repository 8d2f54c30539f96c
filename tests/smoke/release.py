"""A release as its users see it: workloads, forwarded ports, the edge."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests
import sh
from requests.adapters import HTTPAdapter

TEST_BED = "test-bed"
FORWARD_SECONDS = 20.0
HTTP_SECONDS = 10.0
LOOKUP_SECONDS = 10


@dataclass(frozen=True)
class Release:
    """The release in a namespace; `prefix` is what its names begin with."""

    namespace: str
    prefix: str

    @classmethod
    def current(cls) -> Release:
        """Find the release in the current context's namespace.

        Raises:
            LookupError: there is none, or more than one; or no cluster is reached.
        """
        context = json.loads(_asked("config", "view", "--minify", "-o", "json"))
        namespace = context["contexts"][0]["context"].get("namespace", "default")
        found = json.loads(
            _asked(
                *("get", "statefulsets", "-n", namespace, "-o", "json"),
                *("-l", "app.kubernetes.io/name=disney-ai-plus,app.kubernetes.io/component=db"),
                f"--request-timeout={LOOKUP_SECONDS}s",
            )
        )["items"]
        if len(found) != 1:
            raise LookupError(
                f"Namespace {namespace} of context {context['current-context']} holds {len(found)} "
                "releases with a database, not one. Choose another: "
                "kubectl config set-context --current --namespace=NAME"
            )
        return cls(namespace, found[0]["metadata"]["name"].removesuffix("db"))

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the release's namespace and return what it printed."""
        return str(sh.kubectl("-n", self.namespace, *arguments))

    def get(self, kind: str, name: str = "", *flags: str) -> Any:
        """Return an object by its unprefixed name, or the list of a kind, as parsed JSON."""
        names = [f"{self.prefix}{name}"] if name else []
        return json.loads(self.kubectl("get", kind, *names, *flags, "-o", "json"))

    def pods(self, component: str) -> list[dict[str, Any]]:
        """Return the pods of a component that are not being deleted."""
        selector = f"app.kubernetes.io/name=disney-ai-plus,app.kubernetes.io/component={component}"
        items = self.get("pods", "", "-l", selector)["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def secret(self, name: str, key: str) -> str:
        """Return a value of one of the release's Secrets."""
        return base64.b64decode(self.get("secret", name)["data"][key]).decode()

    def token(self, seconds: int = 60) -> str:
        """Return a token that the API accepts for writing for so long."""
        claims = {"sub": "smoke", "exp": int(time.time()) + seconds}
        return jwt.encode(claims, self.secret("api", "JWT_SECRET"), algorithm="HS256")

    @contextmanager
    def forward(self, target: str, port: int) -> Iterator[str]:
        """Forward a port of a pod or workload; yield the base URL on 127.0.0.1."""
        command = ["kubectl", "-n", self.namespace, "port-forward", target, f":{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line.startswith("Forwarding from 127.0.0.1:"), f"{command}: {line!r}"
                # It writes a line for each connection, and stops where nobody reads them.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield f"http://{line.split()[2]}"
            finally:
                process.terminate()

    @contextmanager
    def edge(self, address: str | None, authority: Path | None) -> Iterator[Edge]:
        """Yield the edge: as given, as the test bed says, or as the Ingress's status says."""
        (rule, *_) = self.get("ingress", "edge")["spec"]["rules"]
        bed = self.kubectl("get", "configmap", TEST_BED, "--ignore-not-found", "-o", "json")
        data = json.loads(bed)["data"] if bed else {}
        with tempfile.NamedTemporaryFile("w", suffix=".crt") as file:
            if authority is None and "ca.crt" in data:
                file.write(data["ca.crt"])
                file.flush()
                authority = Path(file.name)
            address = address or data.get("address") or f"{rule['host']}:443"
            host, port = address.rsplit(":", 1)
            yield Edge(rule["host"], host, int(port), authority)


def _asked(*arguments: str) -> str:
    """Return what kubectl prints about the cluster that is to be tested.

    Raises:
        LookupError: it fails; the message says what to do.
    """
    try:
        return str(sh.kubectl(*arguments))
    except sh.ErrorReturnCode as error:
        (*_, why) = error.stderr.decode(errors="replace").strip().splitlines() or [""]
        raise LookupError(
            f"kubectl reaches no cluster to test ({why}). Let KUBECONFIG and the current context "
            "name one: kubectl config use-context NAME"
        ) from None


@dataclass(frozen=True)
class Edge:
    """The way in: `host` is asked for by name, `address:port` is connected to."""

    host: str
    address: str
    port: int
    authority: Path | None

    def session(self) -> requests.Session:
        """Return an HTTP session that speaks TLS 1.3 only and checks the certificate."""
        session = requests.Session()
        session.mount("https://", _Pinned(self))
        session.headers["Host"] = self.host
        return session

    def url(self, path: str = "/") -> str:
        """Return the URL to ask a `session` for."""
        return f"https://{self.address}:{self.port}{path}"

    def context(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        """Return a client context that speaks one TLS version and checks the certificate."""
        context = ssl.create_default_context(cafile=self.authority)
        context.minimum_version = context.maximum_version = version
        return context

    def handshake(self, version: ssl.TLSVersion) -> str | None:
        """Return the version agreed on when offering only one.

        Raises:
            ssl.SSLError: the edge refuses it, or its certificate is not for `host`.
        """
        with (
            socket.create_connection((self.address, self.port), timeout=HTTP_SECONDS) as plain,
            self.context(version).wrap_socket(plain, server_hostname=self.host) as secure,
        ):
            return secure.version()


class _Pinned(HTTPAdapter):
    """Connects to the edge's address while asking for, and verifying, its host name."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["ssl_context"] = self.edge.context(ssl.TLSVersion.TLSv1_3)
        options["server_hostname"] = options["assert_hostname"] = self.edge.host
        super().init_poolmanager(*arguments, **options)

    def send(self, request: requests.PreparedRequest, *rest: Any, **options: Any) -> Any:
        options["timeout"] = options.get("timeout") or HTTP_SECONDS
        return super().send(request, *rest, **options)
