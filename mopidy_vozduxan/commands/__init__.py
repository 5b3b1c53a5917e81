"""The commands that HTTP clients and the command line may give."""
