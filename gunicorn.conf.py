"""How gunicorn serves the shop: threads, since a payment waits for Omise."""

import sys

import click

worker_class = "gthread"
workers = 2
threads = 8
timeout = 60


def on_starting(server):
    """Try the settings once before any worker starts; say in one line what is wrong."""
    from app import create_app

    try:
        create_app()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
