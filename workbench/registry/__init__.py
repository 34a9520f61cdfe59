"""Who owns what, and what we may do with it."""
