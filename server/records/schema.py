"""Defines what the tables of all features have in common."""

from typing import Final

from sqlalchemy import MetaData

RECORDS: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables. Upgrades create them (see `upgrade`); a test compares the two.

Numbers that can exceed 32 bits (ms, amounts) are BigInteger. Ids are Text in binary order, so that
both engines sort alike.
"""
