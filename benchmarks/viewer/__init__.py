"""How long the viewer's window takes to start, to paint and to follow."""
