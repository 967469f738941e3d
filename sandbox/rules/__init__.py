"""Say what Omise's rules are: countries, methods, test cards, fees, days, and how a charge stands.

Data and pure functions: nothing here reads the books, the clock or a request, so every wing may
import this one, and it imports none.
"""
