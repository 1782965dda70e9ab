"""`python -m gallery`: serve the site where kootenay.toml says. A mistake is one line and exit code 1."""

import contextlib
import socket
import sys

import uvicorn

from gallery.app import create_app
from kootenay.errors import CatalogError, SettingsError
from kootenay.settings import GallerySettings, load_settings


def main() -> int:
    """Serve until stopped; return the exit code."""
    try:
        settings = load_settings()
        app = create_app(settings)
        listener = listen(settings.gallery)
    except (SettingsError, CatalogError) as error:
        sys.stderr.write(f"gallery: {error}\n")
        return 1
    config = uvicorn.Config(app, access_log=False, log_level="warning", server_header=False)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def listen(place: GallerySettings) -> socket.socket:
    """Given where to listen, return the open socket. Raises SettingsError when it is taken or not ours."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it a kept connection waits 40 ms an answer
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port))
    except OSError as error:
        listener.close()
        msg = (
            f"cannot listen on {place.host} port {place.port}: {error.strerror}. "
            "Stop what listens there, or set another [gallery] port"
        )
        raise SettingsError(msg) from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
