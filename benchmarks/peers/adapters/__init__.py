"""One small script a tool, run by the Python of that tool's own environment."""
