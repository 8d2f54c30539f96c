"""A release in a namespace of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.smoke.release import Release
from tools import release, testbed
from tools.lab.helm import merge
from tools.paths import CHART
from tools.testbed import TestBed


@dataclass
class Installation:
    """A release named like its namespace, so that its pods' labels are nobody else's.

    `overlay` goes over the values files; change it and `install` again.
    """

    bed: TestBed
    there: Release
    overlay: dict[str, Any]
    files: ClassVar[Sequence[Path]] = (release.DEFAULT_VALUES,)

    @classmethod
    def room(cls, bed: TestBed, namespace: str, *changes: Mapping[str, Any]) -> Self:
        """Make a namespace ready for it; `changes` are merged over the test bed's values."""
        values = testbed.room(bed, namespace, f"{namespace}.localhost")
        return cls(bed, Release(namespace, ""), merge(values, *changes))

    @property
    def name(self) -> str:
        """Return the name of the release and of its namespace."""
        return self.there.namespace

    def install(
        self,
        *flags: str,
        chart: Path = CHART,
        files: Sequence[Path] = (),
        program: str = "helm",
        wait: bool = True,
    ) -> None:
        """Install or upgrade the release; `files` are values files instead of its usual ones."""
        release.install(
            *(self.bed.cluster, self.overlay),
            chart=chart,
            values=files or self.files,
            flags=flags,
            namespace=self.name,
            name=self.name,
            helm=program,
            wait=wait,
        )
