"""The order book: what shoppers ordered, every try to pay for it, and all that became of each.

`models` are its rows, `transaction` makes each use of it one transaction, `queries` read,
`ledger` is the only writer of results, `entries` is the history that operators read and signals
are told from. Nothing here calls Omise, and nothing outside payment/ imports from here.
"""
