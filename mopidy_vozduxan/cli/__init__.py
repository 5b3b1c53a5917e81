"""``mopidy vozduxan``: the command line, the same on Mopidy 3 and Mopidy 4."""
