"""Lay out how each kind of object looks, in both versions of the API.

Every module draws one kind: ``SHAPE`` names its fields, ``draw(facts, sight)`` fills them in. That
is pure: it looks at no more than the facts and a Sight, so it writes, expires and sends nothing.
Whoever answers or tells imports this wing; it imports ``rules`` alone.
"""
