"""The layouts in which others publish features, and what is in them."""
