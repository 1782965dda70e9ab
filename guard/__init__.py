"""The camera's guard: a small resident process that takes the slot nobody else has taken. It knows no Prefect."""
