"""Where the desktop viewer will live; there is no window yet."""
