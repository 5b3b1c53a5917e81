"""What every test shares: no deadline for examples, CI has two busy cores."""

from hypothesis import settings

settings.register_profile("vozduxan", deadline=None, print_blob=True)
settings.load_profile("vozduxan")
