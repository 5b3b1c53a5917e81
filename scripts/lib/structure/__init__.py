"""What `scripts/structure` runs: where code may stand, and what it may import.

package   the modules, what each imports, which attributes it owns and writes
layers    the order of the layers, as docs/architecture.rst has it
rules     one function for each rule: what breaks it, as sentences
circles   modules that import each other
"""
