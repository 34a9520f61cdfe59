"""The vocabulary (values that cannot be wrong) and the book they are kept in."""
