"""Command lines of the runtime: thin, quick to answer, one error line."""
