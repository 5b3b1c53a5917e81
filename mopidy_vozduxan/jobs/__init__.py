"""What GStreamer does with files from strangers, in processes that may be killed."""
