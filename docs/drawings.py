"""Print README's two drawings as SVG: a payment's way, and the states of an attempt.

    python docs/drawings.py

They are drawn for a phone's width and follow the reader's light or dark setting. The arrows of
the second are the order book's own table of moves: where they differ, nothing is drawn.
"""

import sys
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from payment.orders.ledger import MAY_BECOME  # noqa: E402  found beside docs/

WIDTH = 360
STYLE = """
svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
.ground { fill: #fffdf7; stroke: #d9d2c0 }
.band { fill: #f1ece0 }
.box { fill: #f6f2e8; stroke: #cfc7b4 }
text { fill: #1f2740 }
.soft { fill: #5b6072; font-size: 11px }
.name { font: 600 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.head { font-weight: 600 }
.lane { font-weight: 600; font-size: 11px }
.ours { fill: #eef2fb }
.number { fill: #8d3317; font-weight: 700 }
.life { stroke: #b9b09b }
.arrow { fill: none; stroke: #3b4a78; stroke-width: 1.6 }
.tip { fill: #3b4a78 }
.late { fill: none; stroke: #a4461f; stroke-width: 1.6; stroke-dasharray: 5 3 }
.late-tip { fill: #a4461f }
.wide { fill: none; stroke: #3b4a78; stroke-width: 4 }
.open { fill: #dfe6f7; stroke: #6b7fb8 }
.doubt { fill: #fbe9c6; stroke: #b98a22 }
.over { fill: #e7e2d6; stroke: #9a927f }
.good { fill: #d3ecd6; stroke: #3f8a52 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #141a28; stroke: #36405a }
  .band { fill: #1e2637 }
  .box { fill: #1a2132; stroke: #3a4560 }
  text { fill: #eceff7 }
  .soft { fill: #b3bbcf }
  .number { fill: #ffab8a }
  .ours { fill: #1a2340 }
  .life { stroke: #5a6582 }
  .arrow, .wide { stroke: #a9bbee }
  .tip { fill: #a9bbee }
  .late { stroke: #ffab8a }
  .late-tip { fill: #ffab8a }
  .open { fill: #26345c; stroke: #7f95d6 }
  .doubt { fill: #4a3a12; stroke: #d3a63c }
  .over { fill: #2c3345; stroke: #7d869c }
  .good { fill: #1c4429; stroke: #5fb277 }
}
""".strip()


def svg(height, title, description, parts):
    """Put the parts of a drawing on their ground, with words for those who do not see it."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="title words">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="words">{escape(description)}</desc>',
        f"<style>\n{STYLE}\n</style>",
        "<defs>",
        _tip("tip"),
        _tip("late-tip"),
        "</defs>",
        f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _tip(name):
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        f'<path class="{name}" d="M0 0 8 4 0 8z"/></marker>'
    )


def words(x, y, text, kind="", anchor="middle"):
    """Write one line of text."""
    return (
        f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'
    )


def arrow(*points, kind="arrow", tip="tip", both=False):
    """Draw an arrow through points; `both` gives it a tip at its beginning, too."""
    path = "M" + " ".join(f"{x:g} {y:g}" for x, y in points)
    tips = f' marker-end="url(#{tip})"' if tip else ""
    tips += f' marker-start="url(#{tip})"' if tip and both else ""
    return f'<path class="{kind}" d="{path}"{tips}/>'


# One payment's way

LANES = ("Browser", "Shop", "Order book", "Omise", "Bank")
BROWSER, SHOP, BOOK, OMISE, BANK = (36 + 72 * lane for lane in range(5))
TO, AND_BACK = False, True
WAY = (
    (
        "Pay",
        (
            (BROWSER, SHOP, TO, "GET /checkout"),
            (BROWSER, OMISE, AND_BACK, "the card, to Omise's vault; a token back"),
            (BROWSER, SHOP, TO, "POST /charge, with the token"),
            (SHOP, BOOK, TO, "order and attempt, committed first"),
            (SHOP, OMISE, AND_BACK, "one request to charge; its answer"),
            (SHOP, BOOK, TO, "record(charge): pending"),
            (SHOP, BROWSER, TO, "process: on to the bank"),
        ),
    ),
    (
        "Confirm (3-D Secure)",
        (
            (BROWSER, BANK, TO, "the shopper confirms there"),
            (BANK, OMISE, TO, "approved"),
            (BANK, BROWSER, TO, "sent back, to return_uri"),
            (BROWSER, SHOP, TO, "GET /orders/…/complete"),
            (SHOP, OMISE, AND_BACK, "how does the charge stand?"),
            (SHOP, BOOK, TO, "record(charge): successful, paid"),
            (SHOP, BROWSER, TO, "the order's page, drawn from the book"),
        ),
    ),
    (
        "Or, where nobody comes back",
        (
            (OMISE, SHOP, TO, "POST /webhook, signed; or the sweep's turn"),
            (SHOP, OMISE, AND_BACK, "how does the charge stand?"),
            (SHOP, BOOK, TO, "record(charge): the same function"),
        ),
    ),
)
ROW, HEADING = 37, 34


def way():
    """Draw one payment's way between browser, shop, order book, Omise and bank."""
    y, number, rows, told = 48, 0, [], []
    for heading, steps in WAY:
        rows.append(
            f'<rect class="band" x="1" y="{y}" width="{WIDTH - 2}" height="22"/>'
        )
        rows.append(words(12, y + 15.5, heading, "head", "start"))
        y += HEADING
        for begin, end, back, text in steps:
            number += 1
            rows += _step(y, number, begin, end, back, text)
            told.append(f"{number}. {_lane(begin)} to {_lane(end)}: {text}.")
            y += ROW
    heads = [words(36 + 72 * lane, 28, name, "lane") for lane, name in enumerate(LANES)]
    ours = f'<rect class="ours" x="73" y="10" width="142" height="{y - 14}" rx="8"/>'
    return svg(y + 4, "One payment's way", " ".join(told), [ours, *heads, *rows])


def _step(y, number, begin, end, back, text):
    # Letters of this size are 7 wide at most; long lines move away from the edge.
    half = (len(text) + 3) * 7 / 2
    middle = min(max((begin + end) / 2, half + 6), WIDTH - half - 6)
    inset = 3 if end > begin else -3
    numbered = f'<tspan class="number">{number}</tspan> {escape(text)}'
    lanes = "".join(f"M{36 + 72 * lane} {y + 15}v10" for lane in range(len(LANES)))
    return [
        f'<path class="life" d="{lanes}"/>',
        arrow((begin + inset, y + 20), (end - inset, y + 20), both=back),
        words(middle, y + 11, numbered),
    ]


def _lane(x):
    return LANES[(x - 36) // 72]


# The states of an attempt

# Name: left edge, top, width, kind, and what it means.
STATES = {
    "created": (22, 44, 138, "open", "nothing has left yet"),
    "sent": (200, 44, 138, "open", "may have left"),
    "unknown": (22, 118, 138, "doubt", "no answer to read"),
    "not_found": (200, 118, 138, "doubt", "not seen so far"),
    "pending": (22, 262, 138, "open", "waits for shopper"),
    "reversed": (16, 356, 70, "over", "released"),
    "failed": (116, 356, 70, "over", "declined"),
    "expired": (196, 356, 70, "over", "time is up"),
    "closed": (276, 356, 68, "over", "by hand"),
    "successful": (16, 448, 328, "good", "paid; no later failure takes that back"),
}
TALL = 42
_NO_ANSWER = {"created", "sent", "unknown", "not_found"}
_ENDS = {"successful", "failed", "expired", "reversed", "closed"}
# The arrows, as they are drawn: from each of these, to each of those.
DRAWN = (
    ({"created"}, {"sent"}),
    ({"sent"}, {"unknown", "not_found"}),
    ({"unknown"}, {"not_found"}),
    ({"not_found"}, {"unknown"}),
    (_NO_ANSWER, _ENDS | {"pending"}),
    ({"pending"}, _ENDS),
    ({"failed", "expired", "closed"}, {"successful"}),
    ({"closed"}, {"pending"}),
)


def states():
    """Draw what an attempt to pay may become. Raises ValueError where the ledger's table is
    other."""
    drawn = {name: set() for name in STATES}
    for begin, end in DRAWN:
        for name in begin:
            drawn[name] |= end
    if drawn != MAY_BECOME:
        raise ValueError("MAY_BECOME has other moves than the drawing: draw it anew")
    told = [
        f"{name} may become {', '.join(sorted(MAY_BECOME[name])) or 'nothing else'}."
        for name in STATES
    ]
    parts = [
        '<rect class="box" x="8" y="10" width="344" height="166" rx="8"/>',
        words(22, 32, "Omise has not answered yet", "head", "start"),
        '<rect class="box" x="8" y="230" width="344" height="272" rx="8"/>',
        words(22, 250, "Omise has answered, or a person has ended it", "head", "start"),
        *_arrows(),
        *(_state(name, *how) for name, how in STATES.items()),
        arrow((14, 520), (44, 520)),
        words(52, 524, "what Omise says, or a person at the terminal", "soft", "start"),
        arrow((14, 540), (44, 540), kind="late", tip="late-tip"),
        words(
            52, 544, "late money: recorded, and flagged for a person", "soft", "start"
        ),
    ]
    return svg(558, "The states of an attempt to pay", " ".join(told), parts)


def _state(name, x, y, width, kind, meaning):
    middle = x + width / 2
    return "\n".join(
        (
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{TALL}" rx="9"/>',
            words(middle, y + 18, name, "name"),
            words(middle, y + 33, meaning, "soft"),
        )
    )


def _arrows():
    late = {"kind": "late", "tip": "late-tip"}
    bus = 330
    return [
        arrow((160, 65), (199, 65)),
        arrow((214, 86), (146, 117)),
        arrow((269, 86), (269, 117)),
        arrow((160, 132), (199, 132)),
        arrow((200, 147), (161, 147)),
        # Out of the upper box, whatever stands in it, to whatever stands in the lower one.
        arrow((110, 176), (110, 217), kind="wide", tip=None),
        '<path class="tip" d="M102 215h16l-8 13z"/>',
        words(126, 206, "from each of these to each of those", "soft", "start"),
        # What is pending ends.
        arrow((100, 304), (100, 447)),
        arrow((100, bus), (50, bus), (50, 355)),
        arrow((100, bus), (151, bus), (151, 355)),
        arrow((151, bus), (231, bus), (231, 355)),
        arrow((231, bus), (298, bus), (298, 355)),
        arrow((326, 356), (326, 283), (161, 283)),
        *(arrow((x, 398), (x, 447), **late) for x in (151, 231, 311)),
    ]


DRAWINGS = {"payment.svg": way, "attempt.svg": states}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (HERE / name).write_text(draw(), encoding="utf-8")
        print(HERE / name)
