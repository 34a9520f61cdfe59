"""Books kept in step through their journals."""
