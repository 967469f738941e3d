"""Work out the days of a schedule: read them, say them in words, and find the next ones.

Words and names of days are as omise-python's tests show them.
"""

from datetime import UTC, date, datetime, timedelta

from . import values

WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday"),
    *("saturday", "sunday"),
)
ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th"}
MOST_AHEAD = 30
_DAY = timedelta(days=1)
_FURTHEST_AHEAD = timedelta(days=5 * 366)


def date_at(seconds):
    """Tell the date at a moment, in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).date()


def day(value):
    """Read a date, or None; the far end of the calendar is none that a schedule can reach."""
    try:
        found = date.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.year < 9000 else None


def read(period, given):
    """Read on which days of a week or month; None when that makes no sense."""
    given = given if isinstance(given, dict) else {}
    if period == "week":
        names = [str(each).lower() for each in values.as_list(given.get("weekdays"))]
        return {"weekdays": names} if names and set(names) <= set(WEEKDAYS) else None
    if period != "month":
        return {}
    numbers = [
        values.whole(each) for each in values.as_list(given.get("days_of_month"))
    ]
    if numbers:
        sensible = all(each and 1 <= each <= 31 for each in numbers)
        return {"days_of_month": numbers} if sensible else None
    nth, _, name = str(given.get("weekday_of_month") or "").lower().partition("_")
    nth = ORDINALS.get(nth, nth)
    if nth not in (*ORDINALS.values(), "last") or name not in WEEKDAYS:
        return None
    return {"weekday_of_month": f"{nth}_{name}"}


def in_words(schedule):
    """Say the days as Omise says them: Every 1 month(s) on the 2nd Monday."""
    on, said = schedule["on"], f"Every {schedule['every']} {schedule['period']}(s)"
    if "weekdays" in on:
        return f"{said} on " + " and ".join(each.title() for each in on["weekdays"])
    if "weekday_of_month" in on:
        nth, _, name = on["weekday_of_month"].partition("_")
        return f"{said} on the {nth} {name.title()}"
    if "days_of_month" in on:
        return f"{said} on the " + " and ".join(map(_nth, on["days_of_month"]))
    return said


def _nth(number):
    """Write 1 as 1st, 12 as 12th, 22 as 22nd."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if 10 < number < 14 else f"{number}{ending}"


def coming(schedule, today, last):
    """List the days to come: from today on, and after the last that has happened, if any has."""
    if schedule["deleted"]:
        return []
    after = [day(each["scheduled_on"]) + _DAY for each in last]
    return _ahead(schedule, max([today, *after]))


def _ahead(schedule, first):
    """List the days that a schedule means, from the first on."""
    start = day(schedule["start_on"])
    current, found = max(first, start), []
    last = min(day(schedule["end_on"]), current + _FURTHEST_AHEAD)
    while current <= last and len(found) < MOST_AHEAD:
        if _period_of(schedule, start, current) and _named(schedule["on"], current):
            found.append(current)
        current += _DAY
    return found


def _period_of(schedule, start, current):
    """Tell whether this is one of every so many days, weeks or months since the start."""
    since = (current - start).days
    passed = {
        "day": since,
        "week": (since + start.weekday()) // 7,
        "month": (current.year - start.year) * 12 + current.month - start.month,
    }
    return passed[schedule["period"]] % schedule["every"] == 0


def _named(on, current):
    """Tell whether a day of that week or month is meant."""
    name = WEEKDAYS[current.weekday()]
    if "weekday_of_month" in on:
        is_last = (current + 7 * _DAY).month != current.month
        number = (*ORDINALS.values(), "5th")[(current.day - 1) // 7]
        wanted = [f"{number}_{name}", f"last_{name}" if is_last else None]
        return on["weekday_of_month"] in wanted
    named = on.get("weekdays", [name])
    return name in named and current.day in on.get("days_of_month", [current.day])
