"""A campaign's outcome for people: tables, and the line that ends it."""

_COLUMNS = ("lost", "doubled", "different", "out_of_order", "extra")


def table(rows):
    """Rows of texts, the first one a heading; numbers to the right."""
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    lines = []
    for row in texts:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def streams_table(verdicts):
    rows = [["stream", "published", "in the bucket", "again", "replayed", *_headings()]]
    for verdict in verdicts:
        found = verdict.archived.expected - verdict.archived.lost
        back = verdict.replayed.expected - verdict.replayed.lost
        sums = [
            getattr(verdict.archived, column) + getattr(verdict.replayed, column)
            for column in _COLUMNS
        ]
        rows.append([verdict.plan.name, verdict.published, found, verdict.again, back, *sums])
    return table(rows)


def _headings():
    return [column.replace("_", " ") for column in _COLUMNS]


def faults_table(counts, impossible):
    rows = [["fault", "times"]]
    for kind, count in sorted(counts.items()):
        rows.append([kind, "not possible here" if kind in impossible else count])
    return table(rows)


def problems_of(verdicts):
    """What is wrong, one line each."""
    lines = []
    for verdict in verdicts:
        for what, comparison in (("bucket", verdict.archived), ("target", verdict.replayed)):
            if not comparison.same:
                lines.append(f"{verdict.plan.name}, {what}: {comparison}; first: {comparison.first}")
        lines += [f"{verdict.plan.name}: {problem}" for problem in verdict.problems]
    return lines


def summary(verdicts, counts, problems):
    """One line in figures."""
    published = sum(verdict.published for verdict in verdicts)
    replayed = sum(v.replayed.expected - v.replayed.lost for v in verdicts)
    figures = []
    for column in _COLUMNS:
        number = sum(getattr(v.archived, column) + getattr(v.replayed, column) for v in verdicts)
        figures.append(f"{number} {column.replace('_', ' ')}")
    refused = sum(verdict.refused for verdict in verdicts)
    if refused:
        figures.append(f"{refused} stored late by a full disk")
    kinds = sum(1 for count in counts.values() if count)
    return (
        f"result: {sum(counts.values())} faults of {kinds} kinds, {published:,} messages published, "
        f"{replayed:,} replayed, {', '.join(figures)}, {len(problems)} problems"
    )
