"""What payments need of a host's routes: that none of them answers at an address of payment's own.

Flask gives a path to the first route that fits it. A host's `/orders/<id>` that was there before
would show a page of the host's to a shopper who has just paid.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect, Rule

from .settings import SettingError

# What stands for each part of an address that is not fixed; a number fits most converters of a
# host's, in its prefix.
_SAMPLES = {
    "order_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "filename": "payment.css",
}
_OTHER_SAMPLE = "1"


class Routes:
    """The addresses of the blueprints that take payments, and who answers there."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._blueprints: list[str] = []
        self._were_complete = False

    def check(self, blueprint: str) -> None:
        """Refuse a host that has one of a blueprint's addresses already. Raises SettingError."""
        self._blueprints.append(blueprint)
        self._check(blueprint)

    def check_once_complete(self) -> None:
        """Look again when the first request comes, after which Flask takes no route any more.

        Raises SettingError, at every request until that is mended.
        """
        if self._were_complete:
            return
        for blueprint in self._blueprints:
            self._check(blueprint)
        self._were_complete = True

    def _check(self, blueprint: str) -> None:
        for rule in self._app.url_map.iter_rules():
            if rule.endpoint.rpartition(".")[0] != blueprint:
                continue
            for method, path, hosts in self._requests(rule):
                answers = _who_answers(hosts, path, method)
                if answers != rule.endpoint:
                    name = blueprint.rpartition(".")[2]
                    raise SettingError(
                        f"{method} {rule.rule} of {rule.endpoint} is answered by {answers}, a "
                        f"route of your app's: give {name} a `url_prefix` of its own where you "
                        "register it, or change that route."
                    )

    def _requests(self, rule: Rule) -> Iterator[tuple[str, str, MapAdapter]]:
        """Give a sample of each request that a rule is for; none if its prefix allows no sample."""
        values = {name: _SAMPLES.get(name, _OTHER_SAMPLE) for name in rule.arguments}
        try:
            built = rule.build({**values, **(rule.defaults or {})}, False)
        except ValueError:
            built = None
        if built is None:
            return
        domain, path = built
        hosts = self._app.url_map
        if hosts.host_matching:
            adapter = hosts.bind(domain)
        else:
            adapter = hosts.bind(self._app.config["SERVER_NAME"], subdomain=domain)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield method, path, adapter


def _who_answers(hosts: MapAdapter, path: str, method: str) -> str:
    """Name the endpoint that a request is led to."""
    try:
        return hosts.match(path, method=method)[0]
    except RequestRedirect as led:
        return _who_answers(hosts, urlsplit(led.new_url).path, method)
    except HTTPException:
        return "another one"
