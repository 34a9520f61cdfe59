"""Making several records one, with every reference, and taking it back."""
