"""Read what an account can do, as Omise sent it (capability-api): checked, and in one shape."""

from dataclasses import dataclass
from typing import Any

from .charge import Unreadable


@dataclass(frozen=True)
class Means:
    """Hold what a capability says of one way to pay; `banks` are those that are open, by code."""

    currencies: tuple[str, ...]
    brands: tuple[str, ...]
    terms: tuple[int, ...]
    banks: dict[str, str]


@dataclass(frozen=True, eq=False)
class Capability:
    """Hold how an account may be paid; amounts in the smallest unit of its own currency.

    Each answer is another one, also where both say the same.
    """

    country: str | None
    means: dict[str, Means]
    least: int | None
    most: int | None
    least_instalments: int | None
    is_without_interest: bool
    tokenized: tuple[str, ...]

    @classmethod
    def read(cls, answer: Any) -> "Capability":
        """Take from an answer of the API what the shop needs.

        Raises Unreadable when it is no capability; a single method that cannot be read is left out.
        """
        if not isinstance(answer, dict) or answer.get("object") != "capability":
            raise Unreadable("not a capability")
        rows = answer.get("payment_methods")
        if not isinstance(rows, list):
            raise Unreadable("a capability without payment methods")
        limits = _object(answer, "limits")
        charges = _object(limits, "charge_amount")
        country = answer.get("country")
        return cls(
            country=country if isinstance(country, str) else None,
            means={
                row["name"]: _means(row)
                for row in rows
                if isinstance(row, dict) and isinstance(row.get("name"), str)
            },
            least=_amount(charges.get("min")),
            most=_amount(charges.get("max")),
            least_instalments=_amount(_object(limits, "installment_amount").get("min")),
            is_without_interest=answer.get("zero_interest_installments") is True,
            tokenized=_texts(answer.get("tokenization_methods")),
        )


def _means(row: dict[str, Any]) -> Means:
    terms = row.get("installment_terms")
    banks = row.get("banks")
    return Means(
        currencies=tuple(one.upper() for one in _texts(row.get("currencies"))),
        brands=_texts(row.get("card_brands")),
        terms=tuple(
            one for one in (terms if isinstance(terms, list) else []) if _amount(one)
        ),
        banks={
            bank["code"]: str(bank.get("name") or bank["code"])[:60]
            for bank in (banks if isinstance(banks, list) else [])
            if isinstance(bank, dict)
            and isinstance(bank.get("code"), str)
            and bank.get("active") is not False
        },
    )


def _object(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _amount(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _texts(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(one for one in found if isinstance(one, str))
