"""Timelines as SVG."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tools.report.parts import Timeline

# The same numbers give the same picture, byte for byte, with text that can be searched.
STYLE: Any = {"svg.fonttype": "none", "font.size": 9}


def svg(timeline: Timeline) -> str:
    """Return a picture of a timeline: a line a series, a band an event, a cross a failure."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": timeline.title}):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        axes = figure.add_subplot()
        for label, points in timeline.series.items():
            marker = "o" if len(points) < 60 else ""
            axes.plot(*zip(*points, strict=True), label=label, linewidth=1, marker=marker, ms=3)
        for number, event in enumerate(timeline.events):
            axes.axvspan(event.begin, max(event.end, event.begin + 0.2), alpha=0.15, color="C7")
            height = 0.98 - 0.09 * (number % 3)  # neighbours' labels one below the other
            place = axes.get_xaxis_transform()
            axes.text(event.begin, height, event.label, transform=place, va="top", fontsize=8)
        if timeline.failures:
            seconds = [second for second, _ in timeline.failures]
            axes.plot(seconds, [0] * len(seconds), "x", color="C3", label="failed", clip_on=False)
        axes.set(xlabel="seconds", ylabel=timeline.unit)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        if timeline.series or timeline.failures:
            axes.legend(loc="upper right")
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]
