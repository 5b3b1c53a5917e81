"""What `scripts/demo` runs: an album, a swarm and a Mopidy, on this machine only.

music       what is seeded: the demo's own album, or any folder
stage       tracker, seeders and Mopidy, started and ended together
sound       whether this machine can be heard
live        for people: a line per track, until Ctrl-C
once        for machines: the first seconds of every track
interrupt   Ctrl-C, for the demo alone
"""
