"""What all tables of the ledger belong to."""

from sqlalchemy import MetaData

metadata = MetaData()
