"""The deployed stack with `quality-sql`, whose build is long: apart from the others, so that it runs only where asked."""
