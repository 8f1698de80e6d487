"""Which rules of safety are kept, and by which tests that shows."""
