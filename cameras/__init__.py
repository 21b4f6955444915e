"""Which cameras exist, and on which media server each belongs."""
