"""Distribution: money conserved, to the micro."""
