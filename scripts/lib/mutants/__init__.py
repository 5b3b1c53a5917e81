"""What `scripts/mutants` runs: small faults put into a module, and who notices.

changes   where a module may be changed, and how
trial     a copy of the project in which a change is tried
"""
