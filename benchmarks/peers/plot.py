"""The plot: bars in SVG, written by hand, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

__all__ = ["Panel", "plot"]

WIDTH, LABELS, FIGURES = 760, 150, 110
BAR, GAP, HEAD, FOOT = 16, 6, 34, 14
OURS_COLOUR, REFERENCE_COLOUR, PEER_COLOUR = "#0b7a75", "#6b7280", "#c2b8a3"

Panel = tuple[str, Sequence[tuple[str, float, str]]]


def plot(panels: Sequence[Panel], ours: Sequence[str], reference: Sequence[str]) -> str:
    """Draw panels one below the other.

    Args:
        panels: Each a title, and bars: a label, a value, and the value in words.
        ours: Labels whose bars stand out.
        reference: Labels of what is compared with.
    """
    parts: list[str] = []
    top = 0
    for title, bars in panels:
        parts.append(f'<text x="12" y="{top + 22}" class="title">{escape(title)}</text>')
        most = max((value for _, value, _ in bars), default=1.0) or 1.0
        for number, (label, value, words) in enumerate(bars):
            y = top + HEAD + number * (BAR + GAP)
            colour = OURS_COLOUR if label in ours else REFERENCE_COLOUR if label in reference else PEER_COLOUR
            length = max(1.0, (WIDTH - LABELS - FIGURES) * value / most)
            parts += [
                f'<text x="{LABELS - 8}" y="{y + 12}" text-anchor="end">{escape(label)}</text>',
                f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
                f'<text x="{LABELS + length + 6:.1f}" y="{y + 12}">{escape(words)}</text>',
            ]
        top += HEAD + len(bars) * (BAR + GAP) + FOOT
    style = "text{font:12px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:14px}"
    box = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">',
            "<title>The shorter the better</title>",
            f"<style>{style}</style>",
            f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )
