"""Turn today's objects into those of version 2017-11-02, for clients that still ask for it.

Rests on the upgrade guide and on recordings of both versions.
"""

from . import shapes

# Names in the order of the recordings; "new>old" where the name changed.
_FIELDS = {
    "list": "object from to offset limit total order location data",
    "charge": (
        "object id livemode location amount currency description metadata status capture"
        " authorized reversed paid transaction refunded_amount>refunded refunds return_uri"
        " reference authorize_uri failure_code failure_message card customer ip dispute"
        " created_at>created source"
    ),
    # The last two are our inference, shown when filled: without them no QR could be drawn.
    "source": "object id type flow amount currency scannable_code references",
    "card": (
        "object id livemode location country city postal_code financing bank last_digits brand"
        " expiration_month expiration_year fingerprint name security_code_check"
        " created_at>created"
    ),
    "token": "object id livemode location used card created_at>created",
    "customer": (
        "object id livemode location default_card email description created_at>created cards"
        " metadata"
    ),
    "refund": (
        "object id location amount voided currency charge transaction created_at>created"
    ),
    "event": "object id livemode location key created_at>created data",
    "transaction": (
        "object id livemode currency amount location direction key origin"
        " created_at>created"
    ),
    "balance": (
        "object livemode location currency total transferable>available"
        " reserve>reserve_amount"
    ),
    **shapes.OLD_FIELDS,
}
_WHEN_FILLED = {
    "source": ("scannable_code", "references"),
    "card": ("location",),
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
    for name in {"currency", "base", "quote"} & value.keys():
        value[name] = value[name] and value[name].lower()
    if kind not in _FIELDS:
        return {_old_name(name): each for name, each in value.items()}
    optional = _WHEN_FILLED.get(kind, ())
    old = {}
    for field in _FIELDS[kind].split():
        name, _, renamed = field.partition(">")
        if name in value and not (name in optional and value[name] is None):
            old[renamed or name] = value[name]
    return old


def _old_name(name):
    """Undo the `_at` of a creation time where no recording tells more."""
    return "created" if name == "created_at" else name
