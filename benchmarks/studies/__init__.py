"""What training is worth: experiments with seeds, their data and their measures."""
