"""What the stages ask of the ledger, subject by subject; `Ledger` answers all of it."""
