"""Speak HTTP as Omise does: who asks, with what and in which version, and how an answer leaves.

Requests arrive as forms with brackets, as JSON (also on GET: omise-python sends that) or a query;
answers leave pretty-printed. Whoever routes, tells or serves pages imports this wing; it imports
``draw``, ``books`` and ``rules``.
"""
