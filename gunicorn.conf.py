"""How gunicorn serves the shop: threads, since a payment waits for Omise."""

import sys

import click

worker_class = "gthread"
workers = 2
# More than the requests that may wait for Omise at once (payment/gateway/http.py), so that the
# shop can still be looked at while Omise hangs.
threads = 64
timeout = 60
# Seconds that requests under way are given when the shop ends: a payment may wait for Omise for 30.
graceful_timeout = 60
# Nobody steers a running gunicorn but by signals; waiting for its socket would make a restart slow.
control_socket_disable = True
# What a proxy says of the browser is believed by the shop alone, as far as TRUSTED_PROXIES goes.
secure_scheme_headers = {}
forwarder_headers = ""


def on_starting(server):
    """Try the settings once before any worker starts; say in one line what is wrong."""
    try:
        import config
        from app import create_app

        config.Config.SERVER_NAME = config.Config.SERVER_NAME or _own_name(server)
        config.check_listening(create_app().config, server.address)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def _own_name(server):
    """Name the shop by the port that gunicorn listens at; None for a socket in the file system."""
    ports = [at[1] for at in server.address if isinstance(at, tuple) and at[1]]
    return f"localhost:{ports[0]}" if ports else None
