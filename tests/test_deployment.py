"""The shop as docs/deploy.md sets it up: gunicorn, and what may stand before it."""

from processes import Machine
from wire import head, say


class Encrypted(Machine):
    """Serve a shop whose address is https, as a proxy that ends TLS finds it."""

    def is_up(self):
        return self.asks("/")[0] is not None

    def asks(self, path, *lines):
        host = self.url.split("//")[1]
        try:
            return say(self.port, head("GET", path, host, *lines))
        except OSError:
            return None, ""


def test_gunicorn_leaves_it_to_the_shop_whom_to_believe(tmp_path):
    """E6: TRUSTED_PROXIES is 0, so nobody's word makes a request one by https."""
    with Encrypted(tmp_path, PREFERRED_URL_SCHEME="https") as machine:
        for line in ("X-Forwarded-Proto: https", "X-Forwarded-Ssl: on"):
            assert machine.asks("/", line)[0] == 302
