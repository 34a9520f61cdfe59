"""Voila apps: a model without widgets, a view without rules."""
