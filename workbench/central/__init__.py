"""The central instance: a service of its own."""
