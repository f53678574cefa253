"""Reading and writing that can be trusted: whole files, locks, other programs' JSON and .npy."""
