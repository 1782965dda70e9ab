"""Measurements against peers, on the rig: each prints a table, and its figures as one line of JSON. `make bench-NAME`."""
