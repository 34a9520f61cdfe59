"""From owner to collector: which agreements count, one work at a time or all as a set, and the picture of it."""
