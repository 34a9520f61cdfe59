"""Tools of the house: the environment, the lock, the chain."""
