"""What each value may be: of which type, from where to where, and written how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.chart import CHART, Values, defaults, merge, required
from tools.lab.engine import RenderError
from tools.lab.helm import Helm

Path = tuple[str, ...]
# What is accepted, and what is not.
Written = tuple[list[Any], list[Any]]

# Maps that take names of the user's own.
FREE = {
    "global",
    "db.settings",
    "pooler.settings",
    "edge.namespaceSelector",
    "networkPolicy.monitoringNamespaceSelector",
    "networkPolicy.dnsNamespaceSelector",
    "networkPolicy.dnsPodSelector",
    "monitoring.dashboard.labels",
}
WRONG_TYPES: dict[type, tuple[Any, ...]] = {
    bool: ("yes", 1, []),
    int: ("1", 1.5, True),
    str: (True, ["x"], {"x": 1}),
    list: ("x", 1, {"x": 1}),
    dict: ("x", 1, ["x"]),
}

SECONDS, PERCENT, PODS, PORT = (1, 3600), (1, 1000), (1, 1000), (1, 65535)
BOUNDS: dict[str, tuple[int, int]] = {
    "api.port": PORT,
    "web.port": PORT,
    "db.port": PORT,
    "db.external.port": PORT,
    "db.exporter.port": PORT,
    "pooler.port": PORT,
    "api.poolSize": (1, 500),
    "pooler.poolSize": (1, 5000),
    "pooler.replicas": PODS,
    "pooler.pdb.maxUnavailable": PODS,
    "pooler.drain.preStopSeconds": (1, 300),
    "pooler.drain.gracePeriodSeconds": SECONDS,
    "pooler.probes.startup.periodSeconds": SECONDS,
    "api.replicas": PODS,
    "web.replicas": PODS,
    "db.major": (15, 99),
    "db.maxConnections": (10, 10_000),
    "db.gracePeriodSeconds": SECONDS,
    "db.tls.reloadSeconds": SECONDS,
    "db.probes.startup.periodSeconds": SECONDS,
    "db.probes.readiness.timeoutSeconds": SECONDS,
    "db.probes.liveness.failureThreshold": SECONDS,
    "db.probes.liveness.successThreshold": SECONDS,
    "db.probes.liveness.initialDelaySeconds": SECONDS,
    "migrations.deadlineSeconds": SECONDS,
    "migrations.backoffLimit": (0, 100),
    "backup.keep": (1, 1000),
    "backup.deadlineSeconds": (60, 604_800),
    **{
        f"{component}.{path}": bounds
        for component in ("api", "web")
        for path, bounds in {
            "pdb.maxUnavailable": PODS,
            "drain.preStopSeconds": (1, 300),
            "drain.gracePeriodSeconds": SECONDS,
            "autoscaling.minReplicas": PODS,
            "autoscaling.maxReplicas": PODS,
            "autoscaling.cpu": PERCENT,
            "autoscaling.memory": PERCENT,
            "autoscaling.behavior.scaleUp.stabilizationWindowSeconds": (0, 3600),
            "autoscaling.behavior.scaleDown.stabilizationWindowSeconds": (0, 3600),
            "probes.startup.initialDelaySeconds": SECONDS,
            "probes.startup.periodSeconds": SECONDS,
            "probes.startup.timeoutSeconds": SECONDS,
            "probes.startup.failureThreshold": SECONDS,
            "probes.readiness.successThreshold": SECONDS,
        }.items()
    },
}

NAMES: Written = (["", "a", "a.b-c", "1"], ["A", "a_b", "-a", "a-", "a b", 254 * "a"])
SIZES: Written = (["1", "1.5Gi", "10M", 10], ["", "ten", "1 Gi", "-1", "1Xi", True])
URL_PATHS: Written = (["/", "/a?b=c#d"], ["", "a", "/a b", "/ä", "/\n"])
LABELS: Written = (
    [{}, {"a": "b"}, {"a.b/c-D_e": ""}, {"a": 63 * "x"}],
    [{"": "x"}, {"a b": "x"}, {"/a": ""}, {"a/": ""}, {"a": "b c"}, {"a": 64 * "x"}, {"a": 1}],
)
ANNOTATIONS: Written = (
    [{}, {"a.b/c": 'any "thing": #\n'}],
    [{"a b": ""}, {"a": 1}, {"a": ["b"]}],
)
ENVIRONMENT: Written = (
    [{"A_b1": "x"}, {"_A": ""}, {"A": {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}}],
    [{"1A": "x"}, {"A-B": "x"}, {"A": 1}, {"A": {}}, {"A": {"valueFrom": {}, "x": 1}}],
)
VOLUMES: Written = ([{"a-1": {}}], [{"A": {}}, {"-a": {}}, {"a": "x"}, {"a": 1}])
STORE: Written = (
    [{"KEY": {"key": "a/b c"}}, {"KEY": {"key": "a", "property": "b", "version": "c"}}],
    [{"KEY": {}}, {"KEY": {"key": ""}}, {"KEY": {"key": "\n"}}, {"KEY": {"key": "a", "x": 1}}]
    + [{"KEY": {"key": "a", part: ""}} for part in ("property", "version")]
    + [{"OTHER": {"key": "a"}}],
)
SEALED: Written = ([{"KEY": "AgB+/0=="}], [{"KEY": ""}, {"KEY": "a b"}, {"KEY": 1}, {"OTHER": "a"}])
KEYS = {
    "api": ("DATABASE_URL", "DATABASE_POOLER_URL", "JWT_SECRET", "SUPABASE_ANON_KEY"),
    "web": ("NEXT_PUBLIC_SUPABASE_ANON_KEY",),
    "db": ("POSTGRES_PASSWORD",),
}
MODES = ["inline", "existing", "sealed", "external"]
PLACEHOLDERS = [
    "changeme",
    "Change-Me",
    "<your-secret>",
    "password",
    "my-secret",
    "example",
    "TODO",
]
PODS_OF = ("api", "web", "pooler", "db", "migrations", "backup", "tests")
POLICY = {"type": "Pods", "value": 1, "periodSeconds": 1}


SCALING: dict[str, Written] = {
    "selectPolicy": (["Max", "Min", "Disabled"], ["", "Average"]),
    "policies": (
        [[POLICY], [POLICY | {"type": "Percent", "periodSeconds": 1800}]],
        [[], ["x"], [POLICY | {"x": 1}], [POLICY | {"type": "Nodes"}]]
        + [[POLICY | {"value": 0}], [POLICY | {"periodSeconds": 0}]]
        + [[POLICY | {"periodSeconds": 1801}]]
        + [[{k: v for k, v in POLICY.items() if k != gone}] for gone in POLICY],
    ),
}


def keyed(values: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """Return values with the name of each of a secret's keys in place of KEY."""
    return [
        {key if name == "KEY" else name: v for name, v in value.items()}
        for key in keys
        for value in values
    ]


WRITTEN: dict[str, Written] = {
    "enabled": ([True, False], ["x"]),
    "global.imageRegistry": (["", "r", "r.example:5000", "r/a/b"], ["r/", "/r", "a b", "r//a"]),
    "global.imagePullSecrets": (
        [[], [{"name": "a"}]],
        [[{}], [{"name": ""}], [{"name": "A"}], [{"name": "a", "x": 1}], ["a"]],
    ),
    "namePrefix": (["", "a-", "blue-2-"], ["blue", "Blue-", "-", "2-", 30 * "a" + "-"]),
    "environment": (["production", "staging"], ["prod", "", "development"]),
    "supabase.url": (
        ["", "http://x", "https://a.b/c?d"],
        ["ftp://x", "https://", "https://a b", "x", "https://<project>.supabase.co"],
    ),
    "secrets.mode": (MODES, ["", "vault"]),
    "secrets.inline.databasePassword": (["", "x y/é"], PLACEHOLDERS),
    "secrets.inline.jwtSecret": (["", 32 * "1"], [31 * "1", f"changeme{32 * '1'}"]),
    "secrets.inline.supabaseAnonKey": (["", "x"], PLACEHOLDERS),
    "secrets.external.refreshInterval": (["1h", "30s", "1h30m"], ["", "1", "h", "1d", "1h "]),
    "secrets.external.store.kind": (["SecretStore", "ClusterSecretStore"], ["", "Vault"]),
    "secrets.external.store.name": NAMES,
    "db.mode": (["internal", "external"], ["", "managed"]),
    "db.external.host": (["", "db", "10.0.0.1", "fe80::1"], ["-a", "a b", "a/", "a-"]),
    "db.external.user": (["a"], [""]),
    "db.external.database": (["a", "ä b'"], ["", "a\nb", "a\x0c", "\x9f"]),
    "db.external.sslMode": (["disable", "require", "verify-ca", "verify-full"], ["", "prefer"]),
    "db.external.cidrs": ([[], ["10.0.0.0/8", "fd00::/8"]], [["10.0.0.1"], ["a/b"], [""], [1]]),
    "db.external.pods.namespaceSelector": LABELS,
    "db.external.pods.podSelector": LABELS,
    "db.tls.secretName": NAMES,
    "db.tls.caSecretName": NAMES,
    "db.tls.issuer.kind": (["Issuer", "ClusterIssuer"], ["", "CA"]),
    "db.tls.issuer.name": NAMES,
    "db.settings": (
        [{"work_mem": "8MB", "a.b": "x"}],
        [{"work_mem": 8}, {"A": "x"}]
        + [
            {name: "x"}
            for name in (
                *("max_connections", "port", "hba_file", "ssl", "ssl_cert_file", "ssl_key_file"),
                "data_directory",
            )
        ],
    ),
    "pooler.tls.secretName": NAMES,
    "pooler.settings": (
        [{"server_idle_timeout": "60", "application_name_add_host": ""}],
        [{"server_idle_timeout": 60}, {"A": "x"}, {"server_idle_timeout": "1\nadmin_users = x"}]
        + [
            {name: "x"}
            for name in (
                *("listen_addr", "listen_port", "unix_socket_dir", "auth_type", "auth_file"),
                *("pool_mode", "default_pool_size", "max_user_connections", "max_client_conn"),
                *("client_tls_sslmode", "client_tls_cert_file", "client_tls_key_file"),
                *("client_tls_ca_file", "server_tls_sslmode", "server_tls_ca_file"),
            )
        ],
    ),
    "db.storage.size": SIZES,
    "db.sharedMemory": SIZES,
    "backup.storage.size": SIZES,
    "backup.scratch.size": SIZES,
    "db.storage.storageClassName": NAMES,
    "backup.storage.storageClassName": NAMES,
    "backup.schedule": (
        ["@hourly", "@daily", "@weekly", "@monthly", "*/5 0 1,15 JAN-MAR MON"],
        ["", "@yearlyish", "1 2 3 4", "1 2 3 4 5 6", "every night"],
    ),
    "backup.timeZone": (["Etc/UTC", "America/Port-au-Prince"], ["", "+02:00", "Etc UTC"]),
    "edge.host": (["a", "*.a.b", "a-1.b"], ["", "A", "a_b", "https://a", "a..b", "-a"]),
    "edge.routes": (
        [[{"path": "/", "component": "web"}], [{"path": "/a", "component": "api"}]],
        [
            *([], [{"path": "/"}], [{"component": "web"}], [{"path": "/", "component": "db"}]),
            *(["/"], [{"path": "/", "component": "web", "x": 1}]),
            [{"path": "a", "component": "web"}],
        ],
    ),
    "edge.namespaceSelector": LABELS,
    "edge.podSelector": LABELS,
    "edge.ingress.className": NAMES,
    "edge.ingress.annotations": ANNOTATIONS,
    "edge.httpRoute.annotations": ANNOTATIONS,
    "edge.httpRoute.parentRefs": (
        [
            *([{"name": "a"}], [{"name": "a", "group": ""}]),
            [{"name": "a", "namespace": "b", "sectionName": "c", "port": 443}],
            [{"name": "a", "group": "g.io", "kind": "Gateway"}],
        ],
        [[{}], [{"name": ""}], [{"name": "A"}], [{"name": "a", "x": 1}], ["a"]]
        + [[{"name": "a", "port": port}] for port in (0, 65536, "443")]
        + [[{"name": "a", part: ""}] for part in ("kind", "namespace", "sectionName")]
        + [[{"name": "a", "namespace": wrong}] for wrong in ("a.b", "-a", "a-", "a" * 64)]
        + [[{"name": "a", "kind": "gateway"}], [{"name": "a", "group": "G"}]],
    ),
    "edge.tls.secretName": NAMES,
    "edge.tls.issuer.kind": (["Issuer", "ClusterIssuer"], ["", "CA"]),
    "edge.tls.issuer.name": NAMES,
    "networkPolicy.monitoringNamespaceSelector": LABELS,
    "networkPolicy.monitoringPodSelector": LABELS,
    "networkPolicy.dnsNamespaceSelector": LABELS,
    "networkPolicy.dnsPodSelector": LABELS,
    "networkPolicy.dnsCidrs": ([[], ["169.254.20.10/32"]], [["169.254.20.10"], [""]]),
    "networkPolicy.externalHttps.cidr": (["0.0.0.0/0", "::/0"], ["", "10.0.0.0", "any/0"]),
    "networkPolicy.externalHttps.except": ([[], ["10.0.0.0/8"]], [["10.0.0.0"], [8]]),
    "monitoring.serviceMonitors.interval": (["30s", "1m"], ["", "30", "1h", "1 m"]),
    "monitoring.serviceMonitors.labels": LABELS,
    "monitoring.rules.labels": LABELS,
    "monitoring.dashboard.labels": LABELS,
    "monitoring.dashboard.annotations": ANNOTATIONS,
    "monitoring.rules.overrides": (
        [{"HighLatency": {"expr": "x", "for": for_}} for for_ in ("1s", "1m", "1h", "1d")]
        + [{"HighLatency": {"labels": {"a": "b"}, "annotations": {"a": "b c"}}}],
        [
            *({"High Latency": {}}, {"1": {}}, {"HighLatency": {"x": 1}}, {"HighLatency": 1}),
            *({"HighLatency": {"for": "1w"}}, {"HighLatency": {"expr": 1}}),
            *({"HighLatency": {part: {"a": 1}}} for part in ("labels", "annotations")),
        ],
    ),
    "extraObjects": ([[], ["{}"]], [[1], [True]]),
    **{f"{c}.podLabels": LABELS for c in PODS_OF},
    **{f"{c}.podAnnotations": ANNOTATIONS for c in PODS_OF},
    **{f"{c}.nodeSelector": LABELS for c in PODS_OF},
    **{f"{c}.priorityClassName": NAMES for c in PODS_OF},
    **{f"{c}.tolerations": ([[{}]], [["x"], [1]]) for c in PODS_OF},
    **{f"{c}.extraEnv": ENVIRONMENT for c in ("api", "web", "db", "migrations")},
    **{f"{c}.extraVolumes": VOLUMES for c in ("api", "web", "db")},
    **{f"{c}.extraVolumeMounts": VOLUMES for c in ("api", "web", "db")},
    **{f"{c}.metricsPath": URL_PATHS for c in ("api", "web", "db.exporter")},
    **{
        f"{c}.probes.{probe}.path": URL_PATHS
        for c in ("api", "web", "db.exporter")
        for probe in ("startup", "readiness", "liveness")
    },
    **{
        f"{c}.image.{part}": written
        for c in ("api", "web", "pooler", "db", "db.exporter")
        for part, written in {
            "repository": (["a", "ghcr.io/Org/app", "r:5000/a"], ["", "a b", "/a", "a\n"]),
            "tag": (["", "v1.2_3-x"], ["latest", "a b", "a:b"]),
            "digest": (["", f"sha256:{64 * 'a'}"], ["sha256:aa", 64 * "a", f"sha256:{64 * 'g'}"]),
            "pullPolicy": (["Always", "IfNotPresent", "Never"], ["", "Sometimes"]),
        }.items()
    },
    **{
        f"{c}.resources.{kind}.{what}": SIZES
        for c in ("api", "db.guard", "db.tls.reloader")
        for kind in ("requests", "limits")
        for what in ("cpu", "memory", "ephemeral-storage")
    },
    **{
        f"{c}.autoscaling.behavior.{way}.{part}": written
        for c in ("api", "web")
        for way in ("scaleUp", "scaleDown")
        for part, written in SCALING.items()
    },
    **{f"secrets.{c}.mode": (["", *MODES], ["x"]) for c in KEYS},
    **{f"secrets.{c}.existingSecret": NAMES for c in KEYS},
    **{
        f"secrets.{c}.{mode}": (keyed(written[0], keys), keyed(written[1], keys))
        for c, keys in KEYS.items()
        for mode, written in (("sealed", SEALED), ("external", STORE))
    },
}


def nested(path: Path, value: Any) -> Values:
    """Return values that set one."""
    for key in reversed(path):
        value = {key: value}
    values: Values = value
    return values


def refused(helm: Helm, path: Path, value: Any) -> bool:
    """Tell whether the schema refuses a value at its path, whatever else is told about it."""
    try:
        helm.render(values=merge(required(), nested(path, value)), valid=False)
    except RenderError as error:
        return f"at '/{'/'.join(path)}" in str(error)
    return False


def leaves(values: Values, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value and every map that has a default."""
    for key, value in values.items():
        yield (*path, key), value
        if isinstance(value, dict) and ".".join((*path, key)) not in FREE - {"global"}:
            yield from leaves(value, (*path, key))


def choices(node: dict[str, Any], path: Path = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield the texts to choose from, by the name of the value."""
    if "$ref" in node:
        node = SCHEMA["definitions"][node["$ref"].rsplit("/", 1)[1]]
    if "enum" in node:
        yield ".".join(path), node["enum"]
    for key, inner in node.get("properties", {}).items():
        yield from choices(inner, (*path, key))


SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
CHOICES = dict(choices(SCHEMA))
DEFAULTS = {".".join(path): (path, value) for path, value in leaves(defaults())}


@pytest.mark.row("B13")
@pytest.mark.parametrize("name", [name for name, (_, v) in DEFAULTS.items() if v is not None])
def test_other_types_are_refused(helm: Helm, name: str) -> None:
    path, default = DEFAULTS[name]
    for wrong in WRONG_TYPES[type(default)]:
        assert refused(helm, path, wrong), wrong


@pytest.mark.row("B13")
@pytest.mark.parametrize(
    "name",
    [n for n, (_, v) in DEFAULTS.items() if isinstance(v, dict) and v and n not in FREE],
)
def test_unknown_names_are_refused(helm: Helm, name: str) -> None:
    path, _ = DEFAULTS[name]
    assert refused(helm, path, {"noSuchValue": 1})


@pytest.mark.row("B13")
@pytest.mark.parametrize("name", BOUNDS)
def test_numbers_have_bounds(helm: Helm, name: str) -> None:
    lowest, highest = BOUNDS[name]
    path = tuple(name.split("."))
    assert not refused(helm, path, lowest)
    assert not refused(helm, path, highest)
    assert refused(helm, path, lowest - 1)
    assert refused(helm, path, highest + 1)


@pytest.mark.row("B13")
@pytest.mark.parametrize("name", WRITTEN)
def test_texts_and_lists_are_checked(helm: Helm, name: str) -> None:
    accepted, wrong = WRITTEN[name]
    path = tuple(name.split("."))
    assert [value for value in accepted if refused(helm, path, value)] == []
    assert [value for value in wrong if not refused(helm, path, value)] == []


@pytest.mark.row("B13")
@pytest.mark.parametrize("name", CHOICES)
def test_nothing_can_be_chosen_but_the_choices(helm: Helm, name: str) -> None:
    path = tuple(name.split("."))
    assert [choice for choice in CHOICES[name] if refused(helm, path, choice)] == []
    assert [choice for choice in CHOICES[name] if not refused(helm, path, f"{choice}x")] == []


@pytest.mark.row("B13")
def test_every_number_and_text_is_in_these_tables() -> None:
    """A new value must say here what it may be; booleans say it by themselves."""
    told = {*BOUNDS, *WRITTEN}
    forgotten = [
        name
        for name, (_, default) in DEFAULTS.items()
        if not isinstance(default, bool | dict)
        and name not in told
        # The same definition as those of api, which are here.
        and ".resources." not in name
        and ".probes." not in name
        and not name.startswith(("db.settings.", "pooler.settings."))
    ]
    assert forgotten == []
