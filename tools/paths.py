"""Where things live: the repository, the report folder and the user's cache."""

from __future__ import annotations

from pathlib import Path

import platformdirs

REPOSITORY = Path(__file__).resolve().parent.parent
CHART = REPOSITORY / "charts" / "disney-ai-plus"
BUILD = REPOSITORY / "build"
REPORT = BUILD / "report"


def cache_root() -> Path:
    """Return the project's folder in the user's cache (honours XDG_CACHE_HOME)."""
    return Path(platformdirs.user_cache_dir("disney-ai-plus"))
