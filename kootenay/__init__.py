"""Kootenay: a webcam and a small AWS fleet, as Prefect flows. See docs/architecture.md for the map."""
