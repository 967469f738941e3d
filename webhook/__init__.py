"""Hear from Omise when a charge moves: copy this folder along with payment/.

Only app.py imports it. An event is a trigger, never evidence: the charge is fetched again.
"""
