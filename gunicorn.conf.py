"""How gunicorn serves the shop: threads, since a payment waits for Omise."""

import sys

import click

worker_class = "gthread"
workers = 2
# More than the requests that may wait for Omise at once (payment/connection.py), so that the
# shop can still be looked at while Omise hangs.
threads = 64
timeout = 60
# What a proxy says of the browser is believed by the shop alone, as far as TRUSTED_PROXIES goes.
secure_scheme_headers = {}
forwarder_headers = ""


def on_starting(server):
    """Try the settings once before any worker starts; say in one line what is wrong."""
    from app import create_app

    try:
        create_app()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
