"""Answers: how every response leaves the gallery: conditional, typed, and with the security headers on it.

A page is never cached without asking (`no-cache`), and asking costs a 304 while it is the same.
"""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gallery import words

TEMPLATES = Path(__file__).with_name("templates")
ASK_FIRST = "no-cache"


def security_headers(media_url: str) -> dict[str, str]:
    """Given the address that media begin with, return the headers of every answer; its origin is let in."""
    address = urlsplit(media_url)
    media = f"'self' {address.scheme}://{address.netloc}" if address.netloc else "'self'"
    policy = {
        "default-src": "'none'",
        "img-src": media,
        "media-src": media,
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


class WithHeaders:
    """ASGI middleware: the same headers on every answer, errors and files among them."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def conditional(request: Request, body: bytes, media_type: str, cache: str = ASK_FIRST) -> Response:
    """Return `body`, or 304 when the browser has it. The tag is weak, since gzip changes the bytes."""
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": cache}
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _knows(if_none_match: str, tag: str) -> bool:
    """RFC 9110, 13.1.2: a list of tags or a star, compared without regard to weakness."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known


class Pages:
    """The templates, with what every page shows around its middle."""

    def __init__(self, **everywhere: Any) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.globals.update(everywhere, words=words)

    def page(self, request: Request, template: str, **facts: Any) -> Response:
        """Return a page, or 304 when the browser has it."""
        return conditional(request, self._html(template, **facts).encode(), "text/html")

    def message(self, status: int, heading: str, text: str, **facts: Any) -> Response:
        """Return a page that says why there is nothing else; `retry` is seconds until it asks again."""
        retry: int | None = facts.get("retry")
        headers = {"Cache-Control": ASK_FIRST} | ({"Retry-After": str(retry)} if retry else {})
        html = self._html("message.html", **{"retry": None, "links": ()} | facts, heading=heading, text=text)
        return Response(html, status_code=status, media_type="text/html", headers=headers)

    def _html(self, template: str, **facts: Any) -> str:
        return self.environment.get_template(template).render(facts)
