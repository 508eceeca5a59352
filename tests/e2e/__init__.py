"""End to end: the deployed stack from outside."""
