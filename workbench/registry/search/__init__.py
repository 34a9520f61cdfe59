"""Search: one index on disk that follows the journal, and the desk that asks it."""
