"""Many inputs: whole files only, bad inputs named, and a rerun does what is missing."""
