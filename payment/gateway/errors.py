"""What can go wrong between us and Omise, and what it says about money.

A declined payment is no error: it is a charge with a `failure_code`.
"""


class GatewayError(Exception):
    """Raised when Omise gave no usable answer; says whether money may have moved.

    That is about the very request that was made. A request that only reads never says "no": for
    it, `money_may_have_moved` is always true. `code` is Omise's error code (api-errors),
    `nothing_sent` when nothing left, or None. `retry_after` is the number of seconds that Omise
    asks to be left alone (429), or None. `charge_id` is set when an answer came that does not
    name what was asked for.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str | None = None,
        money_may_have_moved: bool = True,
        retry_after: int | None = None,
        charge_id: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.money_may_have_moved = money_may_have_moved
        self.retry_after = retry_after
        self.charge_id = charge_id


class BadAnswer(GatewayError):
    """Raised when an answer came that is not what was asked for, and so tells nothing."""


class NothingSent(GatewayError):
    """Raised when it is sure that the request never left; `reads`: it was a question only.

    `code` is set where another request, without which it may not leave, was refused.
    """

    def __init__(
        self, reason: str, *, code: str = "nothing_sent", reads: bool = False
    ) -> None:
        super().__init__(reason, code=code, money_may_have_moved=reads)
