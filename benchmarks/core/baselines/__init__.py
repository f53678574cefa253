"""What the core is compared with."""
