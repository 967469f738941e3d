"""Little Monsoon, a small shop for tea and paper: the host that takes payments.

Swap it for a shop of your own: what checkout needs of it is `Cart`, with `lines()`, `total()`,
`currency` and `empty()`. Only app.py imports from here, and nothing here knows how an order is
paid.
"""
