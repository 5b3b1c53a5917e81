"""`scripts/mutants`: puts small faults into a module, and sees which tests notice.

changes   where a module may be changed, and how
trial     a copy of the project in which a change is tried
"""
