"""Measurements against peers, on the rig: `make bench-NAME` prints a table, and its figures as a line of JSON."""
