"""Omise, and all that is known about speaking to it; nothing outside payment/ imports from here.

`verbs` asks (one request each), `request` is the SDK tamed, `http` exchanges one request for one
answer, `deadline` bounds how long that takes, `charge` reads what came, `errors` says what it
means for money.
"""
