"""What long commands share: a progress bar on a terminal, and an orderly end when stopped."""

import signal
import sys
import threading
from contextlib import contextmanager

import click

_ENDS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def progress(label, length):
    """Give a function to call whenever one of so many things is done; shows a terminal how far
    that has come, and anything else nothing."""
    hidden = not sys.stderr.isatty()
    bar = click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=hidden, show_pos=True
    )
    one_at_a_time = threading.Lock()

    def step():
        with one_at_a_time:
            bar.update(1)

    with bar:
        yield step


def end_well():
    """Let a command that is ended from outside still end all that it started, without a fuss.

    Whoever asks twice does not keep it from that.
    """

    def end(number, _):
        for wanted in _ENDS:
            signal.signal(wanted, signal.SIG_IGN)
        sys.exit(128 + number)

    for wanted in _ENDS:
        signal.signal(wanted, end)
