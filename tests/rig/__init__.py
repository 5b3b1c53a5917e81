"""The rig that tests, the demo and the benchmarks share: real albums, real swarms.

Everything speaks on 127.0.0.0/8 only and never reaches another machine. Nothing here
imports Mopidy or the package under test: those run in processes of their own.

album       audio files made from seeded noise and chords, and their PCM
torrents    `.torrent` bytes and magnet links
tracker     an HTTP tracker
seeder      swarms of seeders in one separate process
relay       a relay that adds delay and nothing else
othermakes  seeders of other makes (Transmission, aria2)
mopidy      a Mopidy process, its JSON-RPC and log
events      Mopidy's events over its WebSocket
capture     the sound a Mopidy process plays, as a file of samples
client      the smallest downloader, to try the rig itself
"""
