"""`scripts/demo`: an album, a swarm and a Mopidy, on this machine only.

music       the music to seed: the demo's own album, or any folder
stage       tracker, seeders and Mopidy, started and ended together
sound       whether this machine has a sound device
live        for people: a line per track, until Ctrl-C
once        for machines: the first seconds of every track
interrupt   Ctrl-C, which reaches only the demo
"""
