"""Command lines of training, export and demo."""
