"""CUE sheets: tracks that are parts of one file, cut at the exact sample."""
