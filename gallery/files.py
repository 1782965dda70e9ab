"""Files: the few of the site itself, held in memory, and those of a local store, which may be large.

An asset's address carries a hash of its bytes and a store's key carries one too, so both are cached for ever; a
`latest` pointer is not.
"""

import hashlib
from pathlib import Path

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from gallery.answers import ASK_FIRST, conditional
from kootenay.adapters.store import CONTENT_TYPES, FOR_EVER, cache_control

STATIC = Path(__file__).with_name("static")
ASSET_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Assets:
    """The style sheet, the script and the icon."""

    def __init__(self, folder: Path = STATIC) -> None:
        paths = [path for path in folder.iterdir() if path.suffix in ASSET_TYPES]
        self.bodies = {path.name: path.read_bytes() for path in paths}
        self.versions = {name: hashlib.sha256(body).hexdigest()[:12] for name, body in self.bodies.items()}

    def url(self, name: str) -> str:
        """Given an asset's name, return the address that means these bytes and no others."""
        return f"/static/{name}?v={self.versions[name]}"

    def answer(self, request: Request, name: str) -> Response:
        """Route: an asset."""
        if name not in self.bodies:
            raise HTTPException(404)
        cache = FOR_EVER if request.query_params.get("v") == self.versions[name] else ASK_FIRST
        return conditional(request, self.bodies[name], ASSET_TYPES[Path(name).suffix], cache)


class Media:
    """The objects of a folder store. FileResponse answers Range, which films need to be sought in."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def answer(self, key: str) -> Response:
        """Route: an object of the store."""
        path = self.path_of(key)
        if path is None:
            raise HTTPException(404)
        headers = {"Cache-Control": cache_control(path.relative_to(self.root).as_posix())}
        return FileResponse(path, media_type=CONTENT_TYPES[path.suffix], headers=headers)

    def path_of(self, key: str) -> Path | None:
        """Given a key, return its file, or None when there is none, or it lies outside (links followed)."""
        try:
            path = (self.root / key).resolve()
            known = path.is_relative_to(self.root) and path.suffix in CONTENT_TYPES and path.is_file()
        except (OSError, ValueError):
            return None
        return path if known and not path.name.startswith(".") else None
