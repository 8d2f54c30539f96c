"""Kubernetes quantities as numbers."""

from __future__ import annotations

import re

FACTORS = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}

MIB = FACTORS["Mi"]


def quantity(text: str | int) -> float:
    """Return a quantity like 500m or 10Gi in its base unit: cores or bytes."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text))
    if match is None or match[2] not in FACTORS:
        raise ValueError(f"no quantity: {text}")
    return float(match[1]) * FACTORS[match[2]]


def postgres_size(text: str) -> float:
    """Return a memory setting of PostgreSQL, like 256MB, in bytes; its units are binary."""
    return quantity(text.replace("B", "i"))
