"""The C++ core beside named baselines."""
