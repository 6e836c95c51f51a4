"""Seeing what the temporal attention does (the paper's figures 1 and 7): recording its maps, and pictures of them."""
