"""The page and the files it shows."""

from pathlib import Path

from aiohttp import web

from app.sandbox.box import box_of
from app.sandbox.files import avatar
from app.sandbox.rest.answers import number

PAGE = Path(__file__).resolve().parents[1] / "page"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "audio/", "video/")


async def index(_: web.Request) -> web.StreamResponse:
    """The page."""
    return _file("index.html")


async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the page."""
    return _file(request.match_info["name"])


def _file(name: str) -> web.StreamResponse:
    path = (PAGE / name).resolve()
    if not path.is_relative_to(PAGE) or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=_HEADERS)


async def attachment(request: web.Request) -> web.Response:
    """An uploaded file; only harmless kinds are shown in place, anything else is a download."""
    file = box_of(request).files.get(number(request.match_info["file"], "file"))
    if file is None or file.name != request.match_info["name"]:
        raise web.HTTPNotFound
    inline = file.content_type.startswith(_SHOWN_INLINE)
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline" if inline else "attachment",
    }
    return web.Response(body=file.data, content_type=file.content_type.split(";")[0], headers=headers)


async def default_avatar(request: web.Request) -> web.Response:
    """A default avatar picture."""
    name = request.match_info["index"]
    return web.Response(body=avatar(int(name) if name.isdigit() else 0), content_type="image/png")
