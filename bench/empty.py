"""A flow that does nothing: what Prefect itself costs."""

from prefect import flow


@flow
def empty() -> None:
    """Do nothing."""
