"""Say how each kind of object is made, and how it moves.

A module of this wing is one kind, and all have one shape: ``KIND`` is its row in the table of
``kind.py``; ``make`` checks what was sent and writes a new object, ``find`` fetches one as it is
now, ``change`` and ``destroy`` are what may be done to it later, and what else a module has are
moves of its own. All answer facts; whatever writes is one change of the books, raises Refused when
it is not legal, and tells of what it did. ``api`` and ``pages`` import this wing; it draws nothing.
"""
