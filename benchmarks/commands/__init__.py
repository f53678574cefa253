"""Whole commands: how fast they are, what they cost, what a kill leaves."""
