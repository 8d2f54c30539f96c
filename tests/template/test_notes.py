"""What a user reads after an install: the specification's commands, for this very install."""

from __future__ import annotations

import pytest

from tests.template.chart import CREDENTIALS, Values, merge, required, values_of
from tools.lab.helm import Helm

# The specification's sections Verify, Manual Scaling and Troubleshooting, as written there, and
# the logs of the migrations.
COMMANDS = """
kubectl get pods -n disney-ai-plus
kubectl get svc -n disney-ai-plus
kubectl get ingress -n disney-ai-plus
kubectl get hpa -n disney-ai-plus
kubectl scale deployment api --replicas=5 -n disney-ai-plus
kubectl scale deployment web --replicas=5 -n disney-ai-plus
kubectl logs -f deployment/api -n disney-ai-plus
kubectl logs -f deployment/web -n disney-ai-plus
kubectl logs -f statefulset/db -n disney-ai-plus
kubectl logs -l app.kubernetes.io/component=migrate -n disney-ai-plus
kubectl describe pod <pod-name> -n disney-ai-plus
kubectl get networkpolicy -n disney-ai-plus
kubectl exec -it db-0 -n disney-ai-plus -- pg_isready -U disney_app
""".strip().splitlines()


def commands(notes: str) -> list[str]:
    """Return the commands in the notes."""
    lines = [line.strip() for line in notes.splitlines()]
    return [line for line in lines if line.startswith("kubectl")]


@pytest.mark.row("S18")
def test_the_specifications_commands_are_printed(helm: Helm) -> None:
    assert commands(helm.notes()) == COMMANDS


@pytest.mark.row("S18")
def test_backups_come_with_their_commands(helm: Helm) -> None:
    of_backups = [
        f"kubectl create job {job}-now --from=cronjob/{job} -n disney-ai-plus"
        for job in ("backup", "restore")
    ]
    notes = helm.notes(values=merge(required(), {"backup": {"enabled": True}}))
    assert [line for line in commands(notes) if line not in COMMANDS] == of_backups


@pytest.mark.row("S18")
def test_commands_follow_prefix_and_namespace(helm: Helm) -> None:
    notes = helm.notes(values=values_of("prefix"), namespace="stories")
    for command in commands(notes):
        assert " -n stories" in command
    assert "kubectl logs -f deployment/blue-api -n stories" in commands(notes)
    assert "kubectl exec -it blue-db-0 -n stories -- pg_isready -U disney_app" in commands(notes)


@pytest.mark.row("S18")
@pytest.mark.parametrize(
    ("values", "absent"),
    [
        ({"edge": {"ingress": {"enabled": False}}}, "kubectl get ingress"),
        ({"networkPolicy": {"enabled": False}}, "kubectl get networkpolicy"),
        (
            {name: {"autoscaling": {"enabled": False}} for name in ("api", "web")},
            "kubectl get hpa",
        ),
    ],
)
def test_commands_that_do_not_apply_are_left_out(helm: Helm, values: Values, absent: str) -> None:
    found = commands(helm.notes(values=merge(required(), values)))
    assert found
    assert not [command for command in found if command.startswith(absent)]


@pytest.mark.row("S18")
def test_the_address_is_printed(helm: Helm) -> None:
    assert "https://disney-ai-plus.localhost/" in helm.notes()
    assert "http://disney-ai-plus.localhost/" in helm.notes(
        values=merge(required(), {"edge": {"tls": {"enabled": False}}})
    )
    hidden = helm.notes(values=values_of("no-ingress"))
    assert "disney-ai-plus.localhost" not in hidden
    assert "kubectl port-forward service/web 3000 -n disney-ai-plus" in hidden


@pytest.mark.row("S18")
def test_scaling_by_hand_comes_with_a_warning_where_an_autoscaler_decides(helm: Helm) -> None:
    assert "api scales itself from 2 to 10 replicas" in helm.notes()
    assert "scales itself" not in helm.notes(values=values_of("no-autoscaling"))


@pytest.mark.row("S18", "S13")
def test_no_secret_is_printed(helm: Helm) -> None:
    for credential in CREDENTIALS.values():
        assert credential not in helm.notes()


@pytest.mark.row("S10", "S18")
def test_a_certificate_that_nobody_makes_is_mentioned(helm: Helm) -> None:
    assert "Secret edge-tls" in helm.notes()
    assert "Secret edge-tls" not in helm.notes(values=values_of("production"))


@pytest.mark.row("B1", "B14")
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "api, web, db"),
        ({"secrets": {"db": {"mode": "existing"}}}, "api, web"),
        ({"secrets": {"mode": "existing"}}, None),
        ({"environment": "staging"}, None),
    ],
)
def test_inline_credentials_in_production_are_warned_of(
    helm: Helm, values: Values, named: str | None
) -> None:
    notes = helm.notes(values=merge(required(), values))
    warning = f"WARNING: the credentials of {named} are values"
    assert (warning in notes) if named else ("WARNING" not in notes)


@pytest.mark.row("B6", "B10", "B16", "S18")
@pytest.mark.parametrize(
    ("values_set", "line"),
    [
        ("default", "helm test disney-ai-plus -n disney-ai-plus --logs"),
        ("gateway", "kubectl get httproute -n disney-ai-plus"),
        (
            "backup",
            "kubectl create job restore-now --from=cronjob/restore -n disney-ai-plus",
        ),
    ],
)
def test_what_is_switched_on_is_explained(helm: Helm, values_set: str, line: str) -> None:
    assert f"  {line}\n" in helm.notes(values=values_of(values_set))
    others = {"default": "migration-hook", "gateway": "default", "backup": "default"}
    assert line not in helm.notes(values=values_of(others[values_set]))


@pytest.mark.row("B3", "S18")
def test_a_database_elsewhere_is_not_looked_for_here(helm: Helm) -> None:
    found = commands(helm.notes(values=values_of("external-database")))
    assert not [command for command in found if "statefulset/db" in command or "db-0" in command]
