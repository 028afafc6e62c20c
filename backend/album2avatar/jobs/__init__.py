"""Jobs that last: what was asked for, the ledger that runs it, the processes that do it."""
