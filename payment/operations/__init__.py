"""What is done to orders beside the shopper's own request, by the sweep, a webhook or an operator.

`reconcile` asks Omise about one attempt and records what it says, `sweep` does so for all that is
open, `refunds` and `captures` move money on an operator's word, `commands` are the terminal. Only
payment/ imports from here.
"""
