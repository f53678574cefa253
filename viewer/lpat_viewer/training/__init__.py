"""Training from the viewer: commands of lpat_train in processes of their own."""
