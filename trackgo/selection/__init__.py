"""What lies under a pointer in a picture: a box or clicks → one outline that the drawing keeps as a stroke."""
