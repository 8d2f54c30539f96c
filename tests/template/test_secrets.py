"""Secrets: four sources, mixed at will, and no credential that nobody chose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.chart import (
    COMPONENTS,
    CREDENTIALS,
    Values,
    defaults,
    merge,
    required,
    values_of,
)
from tests.template.conftest import Render
from tools.lab.helm import Helm
from tools.lab.manifests import Manifests

KEYS = {
    "api": {"DATABASE_URL", "JWT_SECRET", "SUPABASE_ANON_KEY"},
    "web": {"NEXT_PUBLIC_SUPABASE_ANON_KEY"},
    "db": {"POSTGRES_PASSWORD"},
}

MISSING: dict[str, tuple[Values, list[str]]] = {
    "everything": (
        {},
        [
            "supabase.url",
            "secrets.inline.databasePassword",
            "secrets.inline.jwtSecret",
            "secrets.inline.supabaseAnonKey",
        ],
    ),
    "existing": ({"secrets": {"mode": "existing"}}, ["supabase.url"]),
    "sealed": (
        {"secrets": {"mode": "sealed", "api": {"sealed": {"JWT_SECRET": "AgBx"}}}},
        [
            "supabase.url",
            "secrets.api.sealed.DATABASE_URL",
            "secrets.api.sealed.SUPABASE_ANON_KEY",
            "secrets.web.sealed.NEXT_PUBLIC_SUPABASE_ANON_KEY",
            "secrets.db.sealed.POSTGRES_PASSWORD",
        ],
    ),
    "external": (
        {"secrets": {"mode": "external", "db": {"external": {"POSTGRES_PASSWORD": {"key": "k"}}}}},
        [
            "supabase.url",
            "secrets.external.store.name",
            "secrets.api.external.DATABASE_URL.key",
            "secrets.api.external.JWT_SECRET.key",
            "secrets.api.external.SUPABASE_ANON_KEY.key",
            "secrets.web.external.NEXT_PUBLIC_SUPABASE_ANON_KEY.key",
        ],
    ),
    "mixed": (
        {
            "supabase": {"url": "https://abc.supabase.co"},
            "secrets": {
                "api": {"mode": "existing", "existingSecret": "mine"},
                "db": {"mode": "external", "external": {"POSTGRES_PASSWORD": {"key": "k"}}},
            },
        },
        ["secrets.external.store.name", "secrets.inline.supabaseAnonKey"],
    ),
}


def read_keys(manifests: Manifests) -> dict[str, set[str]]:
    """Return which keys the pods read from which Secret."""
    found: dict[str, set[str]] = {}
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            if ref := entry.get("valueFrom", {}).get("secretKeyRef"):
                found.setdefault(ref["name"], set()).add(ref["key"])
    return found


@pytest.mark.row("S13", "B13")
@pytest.mark.parametrize("case", MISSING)
def test_all_missing_values_are_named_at_once(helm: Helm, case: str) -> None:
    values, expected = MISSING[case]
    message = helm.refusal(values=values)
    named = [line.strip()[2:].split(":")[0] for line in message.splitlines() if "  - " in line]
    assert sorted(named) == sorted(expected)
    for mode in ("existing", "sealed", "external"):
        assert f"--set secrets.mode={mode}" in message


@pytest.mark.row("S13")
@pytest.mark.parametrize("absent", sorted(CREDENTIALS))
def test_each_missing_credential_is_refused(helm: Helm, absent: str) -> None:
    values = merge(required(), {"secrets": {"inline": {absent: ""}}})
    message = helm.refusal(values=values)
    assert f"- secrets.inline.{absent}: " in message
    assert message.count("\n  - ") == 1


@pytest.mark.row("S13")
def test_no_credential_has_a_default() -> None:
    secrets = defaults()["secrets"]
    assert set(secrets["inline"].values()) == {""}
    for component in COMPONENTS:
        assert not any(secrets[component].values()), component


@pytest.mark.row("S13")
@pytest.mark.parametrize("component", COMPONENTS)
def test_inline_secrets_hold_what_the_pods_read(render: Render, component: str) -> None:
    manifests = render()
    assert manifests.one("Secret", component)["data"].keys() == KEYS[component]
    assert read_keys(manifests)[component] == KEYS[component]


@pytest.mark.row("S13", "B1")
def test_existing_secrets_are_read_and_none_is_made(render: Render) -> None:
    manifests = render(values=values_of("existing-secrets"))
    assert "Secret" not in {manifest["kind"] for manifest in manifests}
    assert read_keys(manifests) == {f"disney-{name}": keys for name, keys in KEYS.items()}


@pytest.mark.row("B1")
@pytest.mark.parametrize("prefix", ["", "blue-"])
def test_existing_secrets_have_the_components_names_unless_told(
    render: Render, prefix: str
) -> None:
    values = {"namePrefix": prefix, "secrets": {"mode": "existing"}}
    manifests = render(values=merge(required(), values))
    assert "Secret" not in {manifest["kind"] for manifest in manifests}
    assert read_keys(manifests) == {f"{prefix}{name}": keys for name, keys in KEYS.items()}


@pytest.mark.row("S13", "B1")
@pytest.mark.parametrize("component", COMPONENTS)
def test_sealed_secrets_unseal_to_what_the_pods_read(render: Render, component: str) -> None:
    manifests = render(values=values_of("sealed"))
    sealed = manifests.one("SealedSecret", component)
    assert sealed["apiVersion"] == "bitnami.com/v1alpha1"
    assert sealed["spec"]["encryptedData"].keys() == KEYS[component]
    assert sealed["spec"]["template"]["metadata"]["name"] == component
    assert read_keys(manifests)[component] == KEYS[component]
    assert "Secret" not in {manifest["kind"] for manifest in manifests}


@pytest.mark.row("S13", "B1")
@pytest.mark.parametrize("component", COMPONENTS)
def test_external_secrets_fill_what_the_pods_read(render: Render, component: str) -> None:
    values = values_of("external")
    manifests = render(values=values)
    external = manifests.one("ExternalSecret", component)
    assert external["apiVersion"] == "external-secrets.io/v1"
    spec = external["spec"]
    assert spec["target"]["name"] == component
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert {d["secretKey"]: d["remoteRef"] for d in spec["data"]} == values["secrets"][component][
        "external"
    ]
    assert read_keys(manifests)[component] == KEYS[component]
    assert "Secret" not in {manifest["kind"] for manifest in manifests}


@pytest.mark.row("B1")
def test_modes_can_be_mixed(render: Render) -> None:
    manifests = render(values=values_of("mixed-secrets"))
    assert [s["metadata"]["name"] for s in manifests.all("Secret")] == ["api", "web"]
    assert read_keys(manifests)["disney-db"] == KEYS["db"]


@pytest.mark.row("B1")
def test_names_of_generated_secrets_follow_the_prefix(render: Render) -> None:
    for mode, kind in (("sealed", "SealedSecret"), ("external", "ExternalSecret")):
        manifests = render(values=merge(values_of(mode), {"namePrefix": "blue-"}))
        names = {f"blue-{component}" for component in COMPONENTS}
        assert {s["metadata"]["name"] for s in manifests.all(kind)} == names
        assert read_keys(manifests).keys() == names


@pytest.mark.row("B1")
@pytest.mark.parametrize(
    "placeholder",
    [
        "changeme",
        "ChangeMe",
        "change-me-please",
        "CHANGE_ME",
        "password",
        "Password123",
        "my-password",
        "your_secret",
        "secret",
        "example",
        "an-example-of-a-secret-that-is-long-enough",
        "<your password>",
        "<jwt-secret-of-at-least-thirty-two-characters>",
        "placeholder",
        "replace-me",
        "todo",
        "xxxx",
        "postgres",
    ],
)
def test_placeholders_are_refused(helm: Helm, placeholder: str) -> None:
    inline = dict.fromkeys(CREDENTIALS, placeholder)
    message = helm.refusal(values=merge(required(), {"secrets": {"inline": inline}}))
    for credential in CREDENTIALS:
        complaint = "value must be 'a secret of your own, not a placeholder'"
        assert f"at '/secrets/inline/{credential}': {complaint}" in message


@pytest.mark.row("B1")
@pytest.mark.parametrize("value", ["Tr0ub4dor&3", "exchangemeans", "xylophone-todo-list", "p<a>b"])
def test_credentials_that_only_resemble_placeholders_pass(render: Render, value: str) -> None:
    inline = {"databasePassword": value, "supabaseAnonKey": value}
    assert render(values=merge(required(), {"secrets": {"inline": inline}}))


@pytest.mark.row("B1")
@pytest.mark.parametrize(("length", "accepted"), [(1, False), (31, False), (32, True), (64, True)])
def test_the_jwt_secret_has_32_characters_at_least(
    helm: Helm, render: Render, length: int, accepted: bool
) -> None:
    values = merge(required(), {"secrets": {"inline": {"jwtSecret": "k" * length}}})
    if accepted:
        assert render(values=values)
    else:
        message = helm.refusal(values=values)
        assert f"/secrets/inline/jwtSecret': minLength: got {length}, want 32" in message


@pytest.mark.row("B1")
def test_a_refused_secret_is_not_printed(helm: Helm) -> None:
    values = merge(required(), {"secrets": {"inline": {"jwtSecret": "too-short-Zk3vQ8"}}})
    assert "Zk3vQ8" not in helm.refusal(values=values)


@pytest.mark.row("B1", "S13")
def test_credentials_appear_in_secrets_only(render: Render) -> None:
    values = merge(required(), {"secrets": {"inline": {"databasePassword": "visible-Zk3vQ8"}}})
    inline: dict[str, Any] = values["secrets"]["inline"]
    others = [m for m in render(values=values) if m["kind"] != "Secret"]
    assert others
    for manifest in others:
        text = json.dumps(manifest)
        for credential in inline.values():
            assert credential not in text, f"{manifest['kind']}/{manifest['metadata']['name']}"
