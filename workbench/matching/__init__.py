"""From a line in a report to a work or recording we know."""
