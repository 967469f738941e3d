"""Turn today's objects into those of version 2017-11-02, for clients that still ask for it.

Rests on the upgrade guide and on recordings of both versions.
"""

from . import account, recipient, schedule
from .shape import LIST, SEARCH
from .table import DRAWERS

_SHAPES = {
    shape.kind: shape
    for shape in (
        *(drawer.SHAPE for drawer in DRAWERS),
        *(LIST, SEARCH, account.BALANCE, account.FOREX),
        *(recipient.BANK_ACCOUNT, schedule.CHARGE, schedule.TRANSFER),
    )
    if shape.old
}
_STRIPPED = ("object", "id", "livemode", "deleted")


def downgraded(value, nested=False):
    """Turn a whole answer, nested objects included, into its 2017-11-02 form.

    Events keep the shape that they were written in, for ever (api-webhooks).
    """
    if isinstance(value, list):
        return [downgraded(each, nested) for each in value]
    if not isinstance(value, dict) or value.get("object", "event") == "event":
        return value
    # omise-python's tests show a deleted schedule whole.
    if value.get("deleted") is True and value["object"] != "schedule":
        return {name: value[name] for name in _STRIPPED}
    return _renamed(
        {
            # Metadata is the merchant's own, whatever its keys are called.
            name: each if name == "metadata" else downgraded(each, nested=True)
            for name, each in value.items()
        },
        nested,
    )


def downgraded_event(event):
    """Turn a new event into the form of an account that still defaults to 2017-11-02."""
    return _renamed({**event, "data": downgraded(event["data"])})


def _renamed(value, nested=False):
    """Keep the old fields of one object, under their old names and in their old order."""
    kind = value.get("object")
    if kind == "receipt_list":
        # omise-python's tests show a plain list.
        value["object"] = kind = "list"
    if kind == "charge":
        page = (value["authorize_uri"] or "").removesuffix("?acs=false")
        value["authorize_uri"] = page or None
        value["reference"] = page.split("/")[-2] if page else None
    if kind == "list" and nested:
        value["order"] = None
    if kind in ("dispute", "transfer"):
        lines = value["transactions"]
        value["transaction"] = lines[0]["id"] if lines else None
    if kind == "schedule" and value["status"] == "running":
        value["status"] = "active"
    if kind == "account":
        value["supported_currencies"] = [
            each.lower() for each in value["supported_currencies"]
        ]
    for name in {"currency", "base", "quote"} & value.keys():
        value[name] = value[name] and value[name].lower()
    if kind not in _SHAPES:
        return {_old_name(name): each for name, each in value.items()}
    shape, old = _SHAPES[kind], {}
    for field in shape.old.split():
        name, _, renamed = field.partition(">")
        if name in value and not (name in shape.when_filled and value[name] is None):
            old[renamed or name] = value[name]
    return old


def _old_name(name):
    """Undo the `_at` of a creation time where no recording tells more."""
    return "created" if name == "created_at" else name
