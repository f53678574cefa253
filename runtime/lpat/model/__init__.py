"""A trained model: what its file says of it, and scores of features."""
