"""What should be fetched, how urgently, and when: pure decisions.

Values in, values out. There is no clock, thread, I/O, Mopidy or libtorrent here; the
time is an argument.
"""
