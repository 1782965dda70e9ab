"""Decisions: pure functions on frozen dataclasses. No I/O and no clock; `now` is an argument."""
