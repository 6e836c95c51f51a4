"""Other ways to make the same SVD follow a drawing, for people without TrackGo weights."""
