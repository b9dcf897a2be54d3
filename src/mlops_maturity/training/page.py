"""What the HTML pages of the reports share: each is one file, readable on a phone, on paper and without a mouse."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """\
body { color: #1f2937; font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { border-top: 1px solid #e5e7eb; margin-top: 2rem; padding-top: 1rem; }
h3 { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #e5e7eb; padding: .3rem .9rem .3rem 0; text-align: right; vertical-align: top; }
th { font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
.words th, .words td { text-align: left; }
.words td, code { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.charts { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); }
figure { margin: 0; }
figcaption { color: #4b5563; font-size: .9rem; }
img { height: auto; max-width: 100%; }
section { border-left: .4rem solid; margin: 1rem 0; padding: .3rem 1rem; }
section p { margin: .3rem 0; overflow-wrap: anywhere; }
.pass { background: #f0f9f3; border-color: #2f855a; }
.fail { background: #fdf0f0; border-color: #c53030; }
.warn { background: #fdf8ec; border-color: #b7791f; }
.verdict { border-radius: .3rem; color: #fff; font-weight: 600; padding: .1rem .5rem; }
.verdict.PASS { background: #276749; }
.verdict.FAIL { background: #c53030; }
.faint { color: #4b5563; }
@media print {
  body { font-size: 11pt; margin: 0; max-width: none; }
  * { print-color-adjust: exact; }
  .wide { overflow-x: visible; }
  h2 { break-after: avoid; }
  figure, section, tr { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
}
"""

DOCUMENT = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def document(title: str, body: Iterable[str], style: str = "") -> str:
    """A whole page.

    Args:
        title: as text.
        body: as HTML, part by part; an empty part is left out.
        style: CSS beside what all pages have.
    """
    return DOCUMENT.format(title=escape(title), body="\n".join(filter(None, body)), style=STYLE + style)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, name: str, css: str = "") -> str:
    """A table of cells that are HTML already. Where it is wider than the window, it scrolls by itself.

    Args:
        header: names of the columns.
        rows: each with one cell for each column; the first one names the row.
        name: of the table, for those who have it read out.
        css: class of the table.
    """
    lines = ["<tr>" + "".join(f'<th scope="col">{cell}</th>' for cell in header) + "</tr>"]
    for first, *rest in rows:
        lines.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    attributes = f' class="{css}"' if css else ""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(name)}"><table{attributes}>\n'
        + "\n".join(lines)
        + "\n</table></div>"
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and what belongs to them, as HTML."""
    lines = [f'<tr><th scope="row">{escape(name)}</th><td>{value}</td></tr>' for name, value in rows]
    return '<table class="words">\n' + "\n".join(lines) + "\n</table>"


def note(css: str, title: str, lines: Iterable[str]) -> str:
    """A coloured paragraph: what it says is in its words, too."""
    return (
        f'<section class="{css}"><h3>{escape(title)}</h3>' + "".join(f"<p>{line}</p>" for line in lines) + "</section>"
    )


def figure(source: str, title: str, caption: str = "") -> str:
    """A picture with what it shows.

    Args:
        source: a data URI.
        title: read out in the place of the picture.
        caption: how to read it.
    """
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(f"{title}. {caption}".strip())}" src="{source}">{below}</figure>'
