"""Misbehave as told: a plan of rules, what may be said in one, and how answers are spoilt by it.

The plan is set through the control surface. ``webhooks`` asks it about events and the application
about requests; it imports ``http``, ``draw``, ``books`` and ``rules``, and knows nobody who calls.
"""
