"""Sessions of the project: `nox` checks everything that needs no cluster.

Sessions hold no logic; they call `tools` and pytest. They share one environment,
made once from the lock file and kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
LOCK = ROOT / "requirements.lock"

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "unit", "template"]
nox.options.default_venv_backend = "none"


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, charts and rendered manifests."""
    python(session, "-m", "tools", "lint", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Test the tools, packaging included."""
    pytest(session, "tests/unit", "tests/publish", report("unit"))


@nox.session
def template(session: nox.Session) -> None:
    """Test the chart as rendered."""
    pytest(session, "tests/template", report("template"))


@nox.session(default=False)
def golden(session: nox.Session) -> None:
    """Show what a change of the chart does to users; `-- --accept` takes it over."""
    python(session, "-m", "tools", "golden", *session.posargs)


@nox.session(default=False)
def lab(session: nox.Session) -> None:
    """Prove that every value and template line matters: fuzzing, mutants, coverage, parity."""
    pytest(session, "tests/lab", "-s", report("lab"))


@nox.session(default=False)
def images(session: nox.Session) -> None:
    """Test the workload images: their own tests, their contract, their content."""
    pytest(session, "tests/images", report("images"))


@nox.session(default=False)
def up(session: nox.Session) -> None:
    """Put the release on a kind cluster: `-- --values FILE` and Helm flags pass through."""
    python(session, "-m", "tools", "up", *session.posargs)


@nox.session(default=False)
def smoke(session: nox.Session) -> None:
    """Test whatever release is in the current kube context and namespace."""
    pytest(session, "tests/smoke")


@nox.session(default=False)
def e2e(session: nox.Session) -> None:
    """Make or reuse the cluster, then prove the chart's promises on it."""
    releases = ("--install=staging", "--install=production")
    pytest(session, "tests/smoke", "tests/e2e", *releases, report("e2e"))


@nox.session(default=False)
def load(session: nox.Session) -> None:
    """Put 5,000 users on a release and judge what they see: `-- --users N`, `-- --find-limit`."""
    python(session, "-m", "tools", "load", *session.posargs)


@nox.session(default=False)
def features(session: nox.Session) -> None:
    """Show what the chart promises, which tests prove it, and how they ended last."""
    python(session, "-m", "tools", "features")


@nox.session(default=False)
def down(session: nox.Session) -> None:
    """Delete the cluster that `up` made, and nothing else."""
    python(session, "-m", "tools", "down")


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Package the chart as committed: the same bytes on every machine."""
    python(session, "-m", "tools", "package", *session.posargs)


@nox.session(default=False)
def bump(session: nox.Session) -> None:
    """Show what changed since the last release, and whether the version says so."""
    python(session, "-m", "tools", "bump", *session.posargs)


@nox.session(default=False)
def publish(session: nox.Session) -> None:
    """Publish to a registry: `-- oci://HOST/PATH --sign-with KEY --key PUB`, or `--keyless`."""
    python(session, "-m", "tools", "publish", *session.posargs)


@nox.session(default=False)
def verify(session: nox.Session) -> None:
    """Verify a release in a registry: `-- oci://HOST/PATH/CHART:VERSION --key PUB`."""
    python(session, "-m", "tools", "verify", *session.posargs)


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """List known vulnerabilities and the licences of what the tooling and the images hold."""
    python(session, "-m", "tools", "audit", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Write what is written from other files: the reference and the schema of the values."""
    python(session, "-m", "tools", "docs")


@nox.session(default=False, venv_backend="venv")
def lock(session: nox.Session) -> None:
    """Resolve pyproject.toml's dependencies into requirements.lock, with hashes."""
    session.install("pip-tools")
    session.run(
        *("pip-compile", "--quiet", "--generate-hashes", "--strip-extras", "--no-header"),
        *("--no-emit-index-url", "--no-emit-find-links", "--output-file", str(LOCK)),
        *("pyproject.toml", *session.posargs),
    )


def report(name: str) -> str:
    """Return the option that writes the results where `features` reads them."""
    return f"--junitxml=build/report/{name}.xml"


def pytest(session: nox.Session, *defaults: str) -> None:
    """Run tests; a path among the session's arguments replaces the default folders."""
    chosen = any((ROOT / word.split("::")[0]).exists() for word in session.posargs)
    kept = [word for word in defaults if not (chosen and (ROOT / word).exists())]
    whole = ["--whole"] if set(session.posargs) <= {"--full"} else []
    python(session, "-m", "pytest", *kept, *whole, *session.posargs)


def python(session: nox.Session, *arguments: str) -> None:
    """Run the shared environment's Python, making the environment if it is absent."""
    session.run(str(environment(session)), *arguments, external=True)


def environment(session: nox.Session) -> Path:
    """Return the Python of the environment that belongs to this lock file."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    home = cache / "disney-ai-plus" / "python" / key
    interpreter = home / "bin" / "python"
    if not (home / "complete").exists():
        session.run(sys.executable, "-m", "venv", "--clear", str(home), external=True, silent=True)
        session.run(
            *(str(interpreter), "-m", "pip", "install", "--quiet", "--require-hashes"),
            *("--disable-pip-version-check", "-r", str(LOCK)),
            external=True,
        )
        (home / "complete").touch()
    return interpreter
