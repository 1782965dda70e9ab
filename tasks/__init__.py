"""Touches: each task is one side effect worth retrying and worth seeing. Only tasks load blocks and call adapters."""
