"""Tell of what happened: write events, sign them, and deliver them once the response has left.

``kinds`` tell through it, and pages deliver again; it imports ``faults``, ``http``, ``draw``,
``books`` and ``rules``. Rests on events-api and api-webhooks.
"""
