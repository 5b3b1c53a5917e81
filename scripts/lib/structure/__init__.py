"""`scripts/structure`: checks where code is, and what it imports.

package   the modules, what each imports, which attributes it owns and writes
layers    the order of the layers, as docs/architecture.rst has it
rules     one function for each rule, which yields what breaks it
circles   modules that import each other
"""
