"""Until when the sweep has heard what happened at Omise."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    """Keep one moment; the first sweep after this looks back by itself."""
    op.create_table(
        "payment_news",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until", sa.DateTime, nullable=False),
    )
