"""Run a sandbox by itself: `python -m sandbox --port 5001`."""

import click

from . import create_app
from .keys import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET
from .rules.countries import COUNTRIES
from .rules.refusals import Refused
from .serve import Server


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=5001, show_default=True)
@click.option(
    "--country", type=click.Choice(sorted(COUNTRIES)), default="TH", show_default=True
)
@click.option(
    "--db",
    metavar="FILE",
    help="Where its books lie; instance/sandbox-alone.sqlite3 if not said.",
)
@click.option("--webhook", metavar="URL", help="Where it delivers its events.")
@click.option(
    "--omise-js",
    metavar="FILE|URL",
    help="Another script to serve as /omise.js, such as the genuine one.",
)
@click.option(
    "--retired",
    is_flag=True,
    help="Offer the ways to pay that Omise has switched off as well.",
)
@click.option(
    "--name",
    multiple=True,
    metavar="HOST",
    help="Another name that requests may carry, besides those of this machine.",
)
def main(port, country, db, webhook, omise_js, retired, name):
    """Imitate Omise on this machine: API, vault, omise.js, bank pages and dashboard."""
    try:
        app = create_app(
            database=db,
            country=country,
            webhook_uri=webhook,
            omise_js=omise_js,
            retired=retired,
            hosts=name,
        )
        server = Server(app, port)
    except (OSError, Refused, ValueError) as error:
        raise click.ClickException(str(error)) from error
    home = f"http://localhost:{server.port}/"
    click.echo(f"API and vault: {home}  Dashboard: {home}dashboard/")
    click.echo(f"Keys: {PUBLIC_KEY}  {SECRET_KEY}")
    click.echo(f"Webhook secret: {WEBHOOK_SECRET}")
    server.run()
    click.echo("The sandbox has ended; its books are kept.")


if __name__ == "__main__":
    main()
