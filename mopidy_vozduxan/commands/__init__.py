"""What may be asked of us over HTTP and by the command line."""
