"""Hands: one module a thing of the outside world. They take a client, a path or a clock; no Prefect, no settings."""
