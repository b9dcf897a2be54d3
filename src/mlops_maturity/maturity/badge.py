"""The badge of the README: a picture without a date, so that the same result has the same bytes."""

from xml.sax.saxutils import escape

LABEL = "MLOps maturity"
NOT_MEASURED = "not measured"
GREY, GREEN, AMBER, RED = "#6b7280", "#15803d", "#b45309", "#b91c1c"
# About the width of a letter of 11 pixels; the letters are then fitted to it.
LETTER, MARGIN, HEIGHT = 6.0, 8, 20

PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="round"><rect width="{width}" height="{height}" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{split}" height="{height}" fill="#374151"/>
    <rect x="{split}" width="{rest}" height="{height}" fill="{colour}"/>
  </g>
  <g fill="#fff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">
    <text x="{margin}" y="14" textLength="{label_length}">{label}</text>
    <text x="{message_at}" y="14" textLength="{message_length}">{message}</text>
  </g>
</svg>
"""


def badge(level: int, score: float, rows: int, holding: int, failing: int) -> str:
    """The picture of a measured project.

    Args:
        level: of the project.
        score: the ML Test Score.
        rows: how many requirements the level has.
        holding: how many of them hold.
        failing: how many of them fail.
    """
    failed = f", {failing} {'fails' if failing == 1 else 'fail'}" if failing else ""
    message = f"level {level}: {holding} of {rows} rows hold{failed} | ML Test Score {score:.1f}"
    return picture(message, RED if failing else GREEN if holding == rows else AMBER)


def picture(message: str = NOT_MEASURED, colour: str = GREY) -> str:
    """The picture with any message."""
    label_length, message_length = (round(LETTER * len(text)) for text in (LABEL, message))
    split, rest = (length + 2 * MARGIN for length in (label_length, message_length))
    return PICTURE.format(
        width=split + rest,
        height=HEIGHT,
        title=escape(f"{LABEL}: {message}"),
        split=split,
        rest=rest,
        colour=colour,
        margin=MARGIN,
        label=LABEL,
        label_length=label_length,
        message=escape(message),
        message_at=split + MARGIN,
        message_length=message_length,
    )
