"""Variable precedence as one table, and the layers of one step built from it."""
