"""What the networks of all methods are made of."""
