"""An Omise whose keys are rolled: a door before the sandbox, which knows one pair for ever."""

import base64
import json
import threading
from contextlib import contextmanager

import requests
from rig import Quiet
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

import sandbox

_REFUSED = {
    "object": "error",
    "location": "https://www.omise.co/api-errors#authentication-failure",
    "code": "authentication_failure",
    "message": "authentication failed",
}
_OF_ONE_LINE = {"connection", "transfer-encoding", "content-length", "content-encoding"}


class Keys:
    """Let pairs of keys in, and refuse all others as Omise does; no key, no question."""

    def __init__(self):
        self.behind, self._known, self.refused = None, {}, 0

    def make(self, name):
        """Make a pair of keys on the dashboard; gives what the shop is told of it."""
        self._known[f"skey_test_5{name}"] = sandbox.SECRET_KEY
        self._known[f"pkey_test_5{name}"] = sandbox.PUBLIC_KEY
        return {
            "OMISE_SECRET_KEY": f"skey_test_5{name}",
            "OMISE_PUBLIC_KEY": f"pkey_test_5{name}",
        }

    def delete(self, name):
        """Delete a pair of keys on the dashboard."""
        for kind in ("skey", "pkey"):
            del self._known[f"{kind}_test_5{name}"]

    def __call__(self, environ, start_response):
        """Pass a request on with the sandbox's own key in place of the one that it brings."""
        asked = Request(environ)
        headers = {"Host": asked.host} | dict(asked.headers)
        if asked.authorization:
            key = self._known.get(asked.authorization.username)
            if not key:
                self.refused += 1
                answer = Response(
                    json.dumps(_REFUSED), 401, mimetype="application/json"
                )
                return answer(environ, start_response)
            said = base64.b64encode(f"{key}:".encode()).decode()
            headers["Authorization"] = f"Basic {said}"
        return self._passed_on(asked, headers)(environ, start_response)

    def _passed_on(self, asked, headers):
        url = f"{self.behind}{asked.full_path.lstrip('/')}"
        told = requests.request(
            asked.method,
            url,
            headers=headers,
            data=asked.get_data(),
            allow_redirects=False,
            timeout=60,
        )
        kept = [
            (name, value)
            for name, value in told.headers.items()
            if name.lower() not in _OF_ONE_LINE
        ]
        return Response(told.content, told.status_code, kept)


@contextmanager
def serving(keys, port):
    """Serve the door at a port of this machine."""
    server = make_server("localhost", port, keys, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
