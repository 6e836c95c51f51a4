"""The demo: a tiny SVD that a CPU runs in seconds, and the procedural world of moving sprites it is trained on."""
