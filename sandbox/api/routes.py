"""Route what kinds offer alike: to make and list them; to show, change and delete one."""

from functools import wraps

from flask import Blueprint, request

from ..http.answers import answer
from ..http.auth import needs
from ..http.lists import listed
from ..http.parameters import params
from ..kinds import charge
from ..rules import values

_OFFERED = {"GET": "find", "PATCH": "change", "DELETE": "destroy"}


class Routes(Blueprint):
    """Hold the paths of one kind; each asks for the secret key unless `keys` says otherwise."""

    def __init__(self, name):
        super().__init__(name, __name__)
        self._guarded = {}

    def add_url_rule(self, rule, endpoint=None, view_func=None, keys=None, **options):
        """Guard a view; two paths to one view are one guarded view, and no keys mean no guard."""
        keys = ("skey",) if keys is None else keys
        guarded = needs(*keys)(_expiring(view_func)) if keys else view_func
        guarded = self._guarded.setdefault(view_func, guarded)
        super().add_url_rule(rule, endpoint or view_func.__name__, guarded, **options)

    def collection(self, path, kind, before=None, **found_by):
        """Route a path at which one of a kind is made, and those found are listed.

        `before` is a step that comes before they are read.
        """

        def view():
            if request.method == "POST":
                return answer(kind.KIND.name, kind.make(params()))
            if before:
                before()
            return listed(kind.KIND.name, **found_by)

        self.add_url_rule(path, f"{kind.KIND.name}s", view, methods=["GET", "POST"])

    def one(self, path, kind):
        """Route a path at which one of a kind is shown, and changed or deleted if that may be."""

        def view(**ids):
            act = getattr(kind, _OFFERED.get(request.method, "find"))
            given = [params()] if request.method == "PATCH" else []
            # The ids come in the order of the path, as the functions of kinds take them.
            return answer(kind.KIND.name, act(*ids.values(), *given))

        methods = [method for method, name in _OFFERED.items() if hasattr(kind, name)]
        self.add_url_rule(path, kind.KIND.name, view, methods=methods)


def _expiring(view):
    """Let charges expire before an answer in which whole ones may stand for their ids."""

    @wraps(view)
    def stepped(*args, **kwargs):
        if values.is_true(params().get("expand")):
            charge.expire_due()
        return view(*args, **kwargs)

    return stepped
