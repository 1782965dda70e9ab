"""Properties are told apart by what they find, and never by how busy the machine was."""

from hypothesis import settings

settings.register_profile("rules", deadline=None)
settings.load_profile("rules")
