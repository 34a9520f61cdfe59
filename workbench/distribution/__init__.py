"""From money and matches to what each party is owed."""
