"""Say no as Omise does: with a code, a lower-case sentence and an HTTP status.

Anything that reads what was asked may raise these; ``http/errors.py`` gives them their shape.
Rests on api-errors.
"""


class Refused(Exception):
    """Raised when something that was asked for cannot be done; nothing has changed then."""

    def __init__(self, code, message, http_status=400):
        super().__init__(message)
        self.code, self.message, self.http_status = code, message, http_status


class NotFound(Refused):
    """Raised when an id leads nowhere."""

    def __init__(self, kind, identifier):
        super().__init__("not_found", f"{kind} {identifier} was not found", 404)


def refuse_all(code, problems):
    """Raise one refusal for all the problems found, joined as Omise joins them."""
    if len(problems) > 2:
        raise Refused(code, ", ".join(problems[:-1]) + ", and " + problems[-1])
    if problems:
        raise Refused(code, " and ".join(problems))
