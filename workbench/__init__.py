"""The open back office of a collective management organisation."""
