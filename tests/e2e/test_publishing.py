"""A release, rehearsed: published to a real registry, verified, installed from there, upgraded."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import registry as registries
from tests.e2e.helm import helm
from tests.e2e.registry import PULL_SECRET
from tests.e2e.shop import HUB, NEW, PASSWORD, Shop, released
from tests.smoke.release import Release
from tools import rollout, testbed, toolchain
from tools.cluster import KUBECONFIG
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.paths import REPOSITORY
from tools.proc import run
from tools.publish.cosign import Trust, key_pair
from tools.publish.publishing import publish
from tools.publish.verification import verify
from tools.report import parts
from tools.testbed import TestBed

# What a release may take, registry and all, with its tools built.
SECONDS = 180
COMMANDS = "tests/smoke/test_commands.py"


@pytest.mark.row("B23", "B17")
def test_what_was_published_is_installed_and_upgraded(
    shop: Shop, bed: TestBed, namespace: str
) -> None:
    began = time.monotonic() - max(shop.times.values())
    values = pulled_values(shop, bed, namespace)
    file = shop.registry.folder / "values.json"
    file.write_text(json.dumps(values))
    with registries.known_to_nodes(shop.registry, namespace, bed):
        for made in (shop.old, shop.new):
            reference = f"oci://{shop.repository.at(made.digest)}"
            words = ("upgrade", "--install", testbed.RELEASE, reference)
            given = ("--values", str(REPOSITORY / "values" / "staging.yaml"), "--values", str(file))
            helm(*words, *given, "--ca-file", str(shop.registry.ca), namespace=namespace)
            rollout.wait(bed.cluster, namespace, seconds=SECONDS)
            shop.times[f"{made.version} installed from the registry"] = time.monotonic() - began
    pods = Release(namespace, "").get("pods")["items"]
    used = {box["image"] for pod in pods for box in pod["spec"]["containers"]}
    assert used
    assert {image for image in used if not image.startswith(f"{shop.registry.host}/")} == set()
    smoke(namespace)
    shop.times["smoke tests passed"] = took = time.monotonic() - began
    rows = [[what, f"{seconds:.1f} s"] for what, seconds in shop.times.items()]
    note = "Registry with TLS and a password, two versions, images and chart from there."
    parts.save("publishing", parts.Table("A release, rehearsed", note, ["since", "after"], rows))
    assert took <= SECONDS


def pulled_values(shop: Shop, bed: TestBed, namespace: str) -> dict[str, object]:
    """Push the workload images and return values that have the nodes pull them."""
    for image in bed.images:
        shop.registry.push(image)
    room = testbed.room(bed, namespace, f"{namespace}.localhost")
    pulled = {
        "imageRegistry": shop.registry.host,
        "imagePullSecrets": [{"name": PULL_SECRET}],
    }
    return merge(room, {"global": pulled})


def smoke(namespace: str) -> None:
    """Run the smoke tests against a namespace, as `nox -s smoke` does.

    The specification's commands are left out, since they name the namespace disney-ai-plus, and
    the autoscaler's figures: they are there half a minute after a pod, wherever its image is from.
    """
    context = KUBECONFIG.with_name(f"kubeconfig-{namespace}")
    shutil.copy(KUBECONFIG, context)
    try:
        kubectl = (toolchain.tool("kubectl"), "--kubeconfig", context)
        run([*kubectl, "config", "set-context", "--current", "--namespace", namespace])
        run(
            [
                *(sys.executable, "-m", "pytest", "-q", "tests/smoke"),
                *(f"--ignore={COMMANDS}", "-k", "not autoscaler"),
            ],
            cwd=REPOSITORY,
            env={"KUBECONFIG": str(context)},
        )
    finally:
        context.unlink()


@pytest.mark.row("B23")
def test_a_user_verifies_it_with_one_command(shop: Shop) -> None:
    words = [f"oci://{shop.repository.at(NEW)}", "--key", f"{shop.trust.key}"]
    told = run(
        [sys.executable, "-m", "tools", "verify", *words, "--ca-file", shop.registry.ca],
        cwd=REPOSITORY,
    )
    assert f"made from commit {shop.new.commit}" in told
    assert f"helm install NAME oci://{shop.repository.at(shop.new.digest)}" in told


def test_the_same_bytes_again_are_no_news(shop: Shop) -> None:
    before = shop.repository.referrers(shop.new.digest)
    publish(shop.new, shop.home, shop.signer, shop.trust, HUB)
    assert shop.repository.referrers(shop.new.digest) == before


def test_other_bytes_are_refused(shop: Shop, tmp_path: Path) -> None:
    other = released(tmp_path, NEW)
    assert other.digest != shop.new.digest
    with pytest.raises(ToolError, match=r"is there already, with other bytes.*A version never"):
        publish(other, shop.home, shop.signer, shop.trust, HUB)
    assert shop.repository.digest(NEW) == shop.new.digest


def test_a_failure_half_way_leaves_nothing_to_install(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = released(tmp_path, "0.1.2")
    monkeypatch.setenv("COSIGN_PASSWORD", "another")
    with pytest.raises(ToolError, match="cosign"):
        publish(made, shop.home, shop.signer, shop.trust, HUB)
    assert shop.repository.digest("0.1.2") is None
    pull: list[str | Path] = [
        toolchain.tool("helm"),
        "pull",
        f"oci://{shop.repository.name}",
        "--version",
        "0.1.2",
    ]
    with pytest.raises(ToolError, match=r"0\.1\.2.*not found"):
        run([*pull, "--ca-file", shop.registry.ca], cwd=tmp_path)
    monkeypatch.undo()
    monkeypatch.setenv("DOCKER_CONFIG", str(shop.registry.credentials))
    monkeypatch.setenv("COSIGN_PASSWORD", PASSWORD)
    publish(made, shop.home, shop.signer, shop.trust, HUB)
    assert verify(shop.repository, "0.1.2", shop.trust).digest == made.digest


def test_what_users_would_not_trust_gets_no_tag(shop: Shop, tmp_path: Path) -> None:
    """The signer's key and the one that users are told of are not a pair."""
    made = released(tmp_path, "0.1.3")
    other = Trust(key_pair(tmp_path, PASSWORD)[1])
    with pytest.raises(ToolError, match="is not signed by the key"):
        publish(made, shop.home, shop.signer, other, HUB)
    assert shop.repository.digest("0.1.3") is None


def test_a_registry_that_wants_a_password_says_so(shop: Shop, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(tmp_path))
        with pytest.raises(ToolError, match="credential"):
            shop.repository.digest(NEW)


def test_the_four_commands_of_the_readme(
    shop: Shop, bed: TestBed, namespace: str, tmp_path: Path
) -> None:
    """From nothing to an install, as written, but for names, placeholders and whom one trusts."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Install a verified release")[2]
    clone, check, create, install = section.partition("```sh\n")[2].partition("```")[0].splitlines()
    own = f"{namespace}-readme"
    given = {
        "https://github.com/disney-ai-plus/disney-ai-plus": f"{REPOSITORY} {testbed.NAMESPACE}",
        "oci://HOST/PATH": f"oci://{shop.home.name}",
        "VERSION": NEW,
        "DIGEST": shop.new.digest,
        "namespace disney-ai-plus": f"namespace {own}",
    }
    authority = f" --ca-file {shop.registry.ca}"
    run([sys.executable, "-m", "venv", tmp_path / "venv"])
    env = {
        "PATH": f"{tmp_path / 'venv' / 'bin'}:{toolchain.path_with('helm', 'kubectl')}",
        "KUBECONFIG": str(KUBECONFIG),
    }

    def shell(line: str, folder: Path) -> str:
        for placeholder, value in given.items():
            line = line.replace(placeholder, value)
        return run(["bash", "-euc", line], cwd=folder, env=env)

    shell(clone, tmp_path)
    here = tmp_path / testbed.NAMESPACE
    told = shell(f"{check} --key {shop.trust.key}{authority}", here)
    assert shop.new.digest in told
    shell(create, here)
    try:
        values = {"supabase": {"url": "https://x.invalid"}, "secrets": {"mode": "existing"}}
        (here / "my-values.yaml").write_text(json.dumps(values))
        shell(f"{install}{authority}", here)
        assert json.loads(helm("list", "--output", "json", namespace=own))[0]["chart"].endswith(NEW)
    finally:
        bed.cluster.kubectl("delete", "namespace", own, "--wait=false")
