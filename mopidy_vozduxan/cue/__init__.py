"""CUE sheets: tracks that are stretches of one file, read and cut to the sample."""
