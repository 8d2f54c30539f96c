"""What a run measured: an HTML page of pictures and tables, and the numbers beside it."""

from tools.report.parts import Cell, Event, Matrix, Table, Timeline, save

__all__ = ["Cell", "Event", "Matrix", "Table", "Timeline", "save"]
