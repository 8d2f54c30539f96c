"""An OCI registry, asked and written to by the oras program.

Credentials are those of `docker login` (or `oras login`): no command here takes a password.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tools import toolchain
from tools.errors import ToolError
from tools.proc import run

SECONDS = 120
REFERENCE = re.compile(
    r"oci://(?P<repository>[^/@]+(?:/[a-z0-9._-]+)+)(?::(?P<tag>[\w.+-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Repository:
    """A repository of a registry (HOST/PATH), and the authority to trust beside the system's."""

    name: str
    ca: Path | None = None

    def below(self, name: str) -> Repository:
        """Return a repository below this one."""
        return replace(self, name=f"{self.name}/{name}")

    def at(self, what: str) -> str:
        """Return the reference of a tag or a digest."""
        return f"{self.name}{'@' if what.startswith('sha256:') else ':'}{what}"

    def digest(self, tag: str) -> str | None:
        """Return the digest that a tag stands for, or None where there is no such tag.

        Raises:
            ToolError: the registry does not answer, or wants other credentials.
        """
        try:
            return self._run("resolve", self.at(tag)).strip()
        except ToolError as error:
            if f"{self.at(tag)}: not found" in str(error):
                return None
            raise

    def push(self, layout: Path, tag: str, digest: str) -> None:
        """Push what a tag of a local layout stands for: by digest, without a tag."""
        trust = ("--to-plain-http=false", *(("--to-ca-file", self.ca) if self.ca else ()))
        source = f"{layout}:{tag}"
        words = ("cp", "--from-oci-layout", source, self.at(digest), "--no-tty", *trust)
        run([toolchain.tool("oras"), *words], timeout=SECONDS)

    def push_file(self, tag: str, file: Path, *, config: str, kind: str) -> None:
        """Push a file with the media types of its (empty) config and of itself."""
        words = ("push", self.at(tag), "--config", f"/dev/null:{config}", f"{file.name}:{kind}")
        self._run(*words, "--no-tty", cwd=file.parent)

    def tag(self, digest: str, tag: str) -> None:
        """Let a tag stand for a digest."""
        self._run("tag", self.at(digest), tag)

    def manifest(self, digest: str) -> bytes:
        """Return the bytes that the registry holds as a manifest."""
        return self._run("manifest", "fetch", self.at(digest)).encode()

    def blob(self, digest: str, target: Path) -> bytes:
        """Return the bytes that the registry holds as a blob, written to `target`.

        Raises:
            ToolError: they are not what the digest says, or there are none.
        """
        self._run("blob", "fetch", self.at(digest), "--output", str(target), "--no-tty")
        return target.read_bytes()

    def referrers(self, digest: str) -> list[dict[str, Any]]:
        """Return the manifests of what is attached to a digest."""
        found = json.loads(
            self._run("discover", self.at(digest), "--format", "json", "--depth", "1")
        )
        return [json.loads(self.manifest(it["digest"])) for it in found.get("referrers") or []]

    def _run(self, *words: str, cwd: Path | None = None) -> str:
        trust = ("--plain-http=false", *(("--ca-file", self.ca) if self.ca else ()))
        return run([toolchain.tool("oras"), *words, *trust], timeout=SECONDS, cwd=cwd)


def parse(reference: str, ca: Path | None = None) -> tuple[Repository, str, str]:
    """Return repository, tag and digest ("" where absent) of `oci://HOST/PATH[:TAG][@DIGEST]`.

    Raises:
        ToolError: this is none.
    """
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise ToolError(
            f"{reference} is no address of a registry. It looks like oci://HOST/PATH to publish, "
            "and like oci://HOST/PATH/CHART:VERSION or ...@sha256:... to verify."
        )
    return Repository(found["repository"], ca), found["tag"] or "", found["digest"] or ""
