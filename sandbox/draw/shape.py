"""Lay out facts as an object: which fields a kind has in each version, and in which order.

The order is that of recordings; where there are none, that of openapi.yml and of omise-python's
tests, without the names that only platforms with merchants of their own see.
"""

from dataclasses import dataclass

from ..rules.values import stamp


@dataclass(frozen=True)
class Shape:
    """Name the fields of a kind today, and in 2017-11-02 as "new>old" where a name changed.

    Without `old`, all fields stay; those in `when_filled` are left out of the old form while null.
    """

    kind: str
    fields: str
    old: str | None = None
    when_filled: tuple = ()

    def drawn(self, facts, /, without=(), **more):
        """Lay out facts in today's version; what nobody knows is null."""
        known = {**facts, "livemode": False, **more, "object": self.kind}
        shown = {}
        for name in self.fields.split():
            value = known.get(name)
            is_time = name.endswith("_at") and isinstance(value, int)
            if name not in without:
                shown[name] = stamp(value) if is_time else value
        return shown


LIST = Shape(
    "list",
    "object data limit offset total location order from to",
    "object from to offset limit total order location data",
)
SEARCH = Shape(
    "search",
    "object export data page per_page total total_pages filters location order query scope"
    " aggregate_level",
    "object order scope query filters page per_page location total_pages total data",
)


def list_of(sight, location, data, total=None, *, cut=None):
    """Wrap objects in a list; `cut` holds limit, offset, order, from and to."""
    cut = {"limit": 20, "offset": 0, "order": "chronological", **(cut or {})}
    return LIST.drawn(
        cut
        | {"from": stamp(cut.get("from", 0)), "to": stamp(cut.get("to") or sight.now)},
        data=data,
        total=len(data) if total is None else total,
        location=sight.path(location),
    )
