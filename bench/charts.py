"""Bar charts as SVG: for each workload what nats3 reaches of the floor."""

import html

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 640, 130, 60, 16, 12, 54
COLORS = {"file": "#3b6ea5", "s3": "#c9822e"}
STYLE = "font-family='sans-serif' font-size='13' fill='#333'"


def draw(results, folder):
    """Writes store.svg and load.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, what in (("store", "pulling and dropping"), ("load", "publishing the same")):
        title = f"{kind}: messages a second, as a share of {what}"
        (folder / f"{kind}.svg").write_text(chart(title, results, f"{kind}_ratio"))


def chart(title, results, key):
    groups = {}
    for result in results:
        groups.setdefault(result["workload"], []).append((result["to"], result[key]))
    scale = (WIDTH - LEFT - RIGHT) / max(1.0, *(v for bars in groups.values() for _, v in bars))
    parts, y = [], TOP
    for name, bars in groups.items():
        middle = y + len(bars) * BAR / 2 + 5
        parts.append(f"<text x='{LEFT - 8}' y='{middle:.0f}' text-anchor='end' {STYLE}>"
                     f"{html.escape(name)}</text>")
        for to, value in bars:
            parts.append(f"<rect x='{LEFT}' y='{y}' width='{value * scale:.1f}' "
                         f"height='{BAR - 2}' fill='{COLORS[to]}'/>")
            parts.append(f"<text x='{LEFT + value * scale + 6:.1f}' y='{y + BAR - 4}' {STYLE}>"
                         f"{value:.2f}</text>")
            y += BAR
        y += GAP
    one = LEFT + scale
    parts.append(f"<line x1='{one:.1f}' y1='{TOP - 6}' x2='{one:.1f}' y2='{y - GAP + 4}' "
                 f"stroke='#888' stroke-dasharray='4 3'/>")
    parts.append(f"<text x='{one:.1f}' y='{TOP - 10}' text-anchor='middle' {STYLE}>floor</text>")
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{y + 8}' "
            f"viewBox='0 0 {WIDTH} {y + 8}'>\n<rect width='100%' height='100%' fill='#fff'/>\n"
            f"<text x='8' y='20' {STYLE}>{html.escape(title)}</text>\n{legend(results)}\n"
            + "\n".join(parts) + "\n</svg>\n")


def legend(results):
    parts, x = [], LEFT
    for to in dict.fromkeys(result["to"] for result in results):
        parts.append(f"<rect x='{x}' y='29' width='10' height='10' fill='{COLORS[to]}'/>"
                     f"<text x='{x + 14}' y='38' {STYLE}>{to}</text>")
        x += 70
    return "\n".join(parts)
