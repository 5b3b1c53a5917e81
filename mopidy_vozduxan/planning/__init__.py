"""What should be fetched, how urgently, and when: pure decisions.

Values in, values out. No clock, thread, I/O, Mopidy or libtorrent in here;
the time comes in as an argument.
"""
