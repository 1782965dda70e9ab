"""A section: a table of kootenay.toml."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of kootenay.toml. A key nobody knows is an error: it is a spelling mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)
