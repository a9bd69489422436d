"""Progress bars and tables. On a terminal a bar redraws itself; elsewhere it says a line at times."""

import sys
import time

_BAR_WIDTH = 30
_LABEL_WIDTH = 10
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 3.0


class Progress:
    """One bar: with Progress("store", total) as bar: bar.update(done)."""

    def __init__(self, label, total, out=sys.stdout):
        self.label = label
        self.total = total
        self._out = out
        self._started = time.monotonic()
        self._drawn = 0.0 if out.isatty() else self._started
        self._done = 0
        self.seconds = 0.0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._draw(finished=True)
        return False

    def update(self, done, note=""):
        if done != self._done or not self.seconds:
            self.seconds = time.monotonic() - self._started
        self._done = done
        every = _REDRAW_SECONDS if self._out.isatty() else _LINE_SECONDS
        if time.monotonic() - self._drawn >= every:
            self._draw(note=note)

    def _draw(self, finished=False, note=""):
        self._drawn = time.monotonic()
        share = self._done / self.total if self.total else 1.0
        filled = int(share * _BAR_WIDTH)
        rate = self._done / self.seconds if self.seconds else 0.0
        text = (
            f"{self.label:<{_LABEL_WIDTH}} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {share:4.0%}"
            f"  {self._done:,} of {self.total:,}  {rate:,.0f}/s"
        )
        text += f"  {note}" if note else ""
        if self._out.isatty():
            self._out.write(f"\r\x1b[K{text}" + ("\n" if finished else ""))
        else:
            self._out.write(text + "\n")
        self._out.flush()


def table(rows):
    """Lines of a table; the first row is the head, the first column is aligned to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


def megabytes(count):
    return f"{count / 1e6:,.1f} MB"
