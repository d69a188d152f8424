"""The desk as a web application: routes put together, every answer with its security headers."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from facetcode.review import pages_coder, pages_login, pages_quality
from facetcode.review.store import DeskError
from facetcode.review.web import Desk, answer_error

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def make_app(desk: Desk, hosts: list[str]) -> FastAPI:
    """The application; it answers to ``hosts`` alone, so that no other site can rebind a name."""
    # No documentation pages: they load scripts from elsewhere, and strangers need not see routes.
    app = FastAPI(title="facetcode desk", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)

    @app.middleware("http")
    async def guard(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        begun = time.perf_counter()
        try:
            response = await call(request)
        except Exception as error:
            # Answered here, so that no server above logs the error's own words: they may quote a
            # note. Where it happened says enough to mend it.
            at = traceback.extract_tb(error.__traceback__)[-1]
            said = f"internal error ({type(error).__name__})"
            print(f"facetcode: {said} at {Path(at.filename).name}:{at.lineno}", file=sys.stderr)
            response = PlainTextResponse(said, 500)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if not request.url.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        if desk.secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        took = (time.perf_counter() - begun) * 1000
        response.headers["Server-Timing"] = f"app;dur={took:.1f}"
        return response

    @app.exception_handler(DeskError)
    async def refused(request: Request, error: Exception) -> Response:
        return answer_error(request, error)

    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static")
    for part in (pages_login, pages_coder, pages_quality):
        app.include_router(part.router)
    # The outline of notes needs spaCy's room; it is warmed up while the first user logs in.
    threading.Thread(target=pages_coder.warm_up, daemon=True).start()
    return app
