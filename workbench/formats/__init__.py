"""The trade's files, read and written faithfully: a record says what the file said, nothing more."""
