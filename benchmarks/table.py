"""What a benchmark gives: a table, printed as Markdown so that it can be kept in a README, or as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | float | int


@dataclass(frozen=True)
class Table:
    """`rows` are keyed by the columns' names; `notes` say what was measured and against which target."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default=())

    def as_text(self) -> str:
        cells = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.columns))]
        lines = [_line(row, widths, row is cells[0]) for row in cells]
        rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
        notes = "".join(f"\n- {note}" for note in self.notes)
        return "\n".join([f"### {self.title}", "", lines[0], rule, *lines[1:]]) + (f"\n{notes}" if notes else "")

    def as_data(self) -> dict[str, Any]:
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def _line(row: Sequence[str], widths: Sequence[int], heading: bool) -> str:
    cells = [
        text.ljust(width) if heading or not column else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and abs(cell) < 100:
        return f"{cell:.2f}"
    return f"{round(cell):,}"
