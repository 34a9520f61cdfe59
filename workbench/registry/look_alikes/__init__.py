"""Who resembles whom, with the evidence in words."""
