"""Points and sprites found in videos."""
