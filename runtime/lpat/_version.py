"""The version of lpat, for records and metadata."""

__version__ = "0.1.0"
