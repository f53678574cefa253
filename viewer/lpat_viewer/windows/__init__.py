"""The window, its docks and its menus."""
