"""Route the balance and its lines."""

from ..books import books
from ..draw import account
from ..http.addresses import sight
from ..http.answers import answer_drawn
from ..http.lists import listed
from ..kinds import charge, transaction
from .routes import Routes

routes = Routes("transactions")
routes.one("/transactions/<transaction_id>", transaction)


@routes.get("/balance")
def balance():
    """Show what all transactions add up to."""
    total = books().counts().get("balance", 0)
    return answer_drawn(account.balance(total, sight()))


@routes.get("/transactions")
def all_transactions():
    """List all lines of the balance."""
    charge.expire_due()
    return listed("transaction")
