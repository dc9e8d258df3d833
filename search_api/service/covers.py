"""Covers of works, at /covers: the service fetches the images that sources link to, so that a page asks no other host.

Only hosts that sources declare are asked, by https and at their own port. A name that leads to another machine brings
nothing: it has no certificate for that name.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crawler.extras import installed_version
from crawler.sources.table import SOURCES
from search_api.records import MAX_ID_CHARACTERS, WorkView
from search_api.service.calls import Call
from search_api.service.cover_folder import CoverFolder
from search_api.service.problems import Problem
from search_api.service.security import LockedRoute, key_header
from search_api.settings import SearchSettings

if TYPE_CHECKING:
    import httpx

COVER_HOSTS: Mapping[str, int] = {host: source.image_days for source in SOURCES.values() for host in source.image_hosts}
"""The hosts that covers are fetched from, each with the days for which one is kept."""
MOST_BYTES = 2**20
"""The most bytes of a cover."""
MOST_DOWNLOADS = 4
SECONDS = 5.0
"""How long a download may take."""
WAIT_SECONDS = 3.0
"""How long a cover waits for other downloads: a browser has six connections to a service, and a cover holds one."""
MOST_REDIRECTS = 3
REMEMBERED_SECONDS = 3_600
MOST_REMEMBERED = 10_000
SHOWN_SECONDS = 86_400
"""How long a browser shows a cover without asking again."""
TYPES = ("image/jpeg", "image/png", "image/webp")

logger = logging.getLogger(__name__)


class NoCover(Exception):
    """A cover cannot be had; the message says why."""


class Memory:
    """Texts by name, each remembered for REMEMBERED_SECONDS, and at most MOST_REMEMBERED of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}

    def get(self, name: str) -> str | None:
        """Return what is remembered under a name; None if there is nothing."""
        until, text = self._known.get(name, (0.0, ""))
        return text if until > self._clock() else None

    def put(self, name: str, text: str) -> None:
        """Remember a text, and forget the one that was remembered first if there are too many."""
        self._known.pop(name, None)
        self._known[name] = (self._clock() + REMEMBERED_SECONDS, text)
        if len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]


class Covers:
    """Fetches covers and keeps them. To be used in one event loop.

    Attributes:
        addresses: The addresses of covers by the ids of their works; "" for a work without one.

    Args:
        folder: Where covers are kept.
        hosts: The hosts that may be asked, each with the days for which a cover is kept.
        transport: How hosts are reached; None: over the network.
        clock: The clock by which failures and addresses are forgotten, in seconds.
    """

    def __init__(
        self,
        folder: CoverFolder,
        hosts: Mapping[str, int] = COVER_HOSTS,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import httpx

        self._folder = folder
        self._hosts = hosts
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=SECONDS,
            headers={
                "User-Agent": f"Evoke/{installed_version()}",
                "Accept": ", ".join(TYPES),
                "Accept-Encoding": "identity",  # so that the bytes that come are those that are counted
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._room = asyncio.Semaphore(MOST_DOWNLOADS)
        self._downloads: dict[str, asyncio.Task[bytes | None]] = {}
        self._failed = Memory(clock)
        self.addresses = Memory(clock)

    async def close(self) -> None:
        """End the downloads."""
        for download in list(self._downloads.values()):
            download.cancel()
        await self._client.aclose()

    async def find(self, address: str) -> bytes | None:
        """Return the image at an address, kept or fetched; None if it cannot be had."""
        name = hashlib.sha256(address.encode()).hexdigest()
        if self._failed.get(name) is not None:
            return None
        try:
            days = self._hosts[self._check(address).host]
        except NoCover as error:
            self._fail(name, address, error)
            return None
        body = await run_in_threadpool(self._folder.read, name, days)
        if body is None:
            if name not in self._downloads:
                self._downloads[name] = asyncio.create_task(self._download(name, address))
                self._downloads[name].add_done_callback(lambda _: self._downloads.pop(name, None))
            body = await asyncio.shield(self._downloads[name])
        return body

    def _check(self, address: str) -> httpx.URL:
        """Return an address of which the host may be asked.

        Raises:
            NoCover: It is another address.
        """
        import httpx

        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise NoCover("its address is none") from error
        if url.scheme != "https" or url.port is not None or url.userinfo or url.host not in self._hosts:
            raise NoCover("its host is not one that covers are fetched from")
        return url

    async def _download(self, name: str, address: str) -> bytes | None:
        """Fetch an image and keep it. What fails is remembered, but for a wait in vain for other downloads."""
        import httpx

        try:
            await asyncio.wait_for(self._room.acquire(), WAIT_SECONDS)
        except TimeoutError:
            return None
        try:
            body = await asyncio.wait_for(self._fetch(address), SECONDS)
        except (NoCover, httpx.HTTPError, TimeoutError) as error:
            self._fail(name, address, error)
            return None
        finally:
            self._room.release()
        try:
            await run_in_threadpool(self._folder.write, name, body)
        except OSError as error:
            logger.warning("a cover cannot be kept: %s", error)
        return body

    async def _fetch(self, address: str) -> bytes:
        """Return the image at an address.

        Raises:
            NoCover: There is none that may be shown.
            httpx.HTTPError: The host cannot be reached, or does not answer as it should.
        """
        for _ in range(MOST_REDIRECTS + 1):
            url = self._check(address)
            async with self._client.stream("GET", url) as response:
                if response.has_redirect_location:
                    address = str(url.join(response.headers["location"]))
                    continue
                if response.status_code != 200:
                    raise NoCover(f"the host answered {response.status_code}")
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise NoCover(f"it is larger than {MOST_BYTES // 1024:,} kB")
            if image_type(bytes(body[:16])) is None:
                raise NoCover("it is neither JPEG, PNG nor WebP")
            return bytes(body)
        raise NoCover("there are too many redirects")

    def _fail(self, name: str, address: str, error: Exception) -> None:
        """Remember that a cover cannot be had, and log why."""
        reason = str(error) or type(error).__name__  # a time-out has no message
        logger.info("no cover %.200s: %s", address, reason)
        self._failed.put(name, reason)


def image_type(body: bytes) -> str | None:
    """Return the type of an image by its first bytes; None if it is neither JPEG, PNG nor WebP."""
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if body.startswith(b"RIFF") and body[8:12] == b"WEBP" else None


def open_covers(settings: SearchSettings) -> Covers | None:
    """Return the covers of a service; None if it shows none."""
    return Covers(CoverFolder(settings.home / "covers")) if settings.covers else None


_RESPONSES: dict[int | str, dict[str, Any]] = {
    # Generators of clients know no content of these types.
    200: {"description": f"The image, as {', '.join(TYPES)}"},
    401: {"model": Problem, "description": "The API key is missing or wrong"},
    404: {"model": Problem, "description": "The service shows no covers, or none of this work can be had"},
    422: {"model": Problem, "description": "The id is longer than any"},
}
router = APIRouter(route_class=LockedRoute, dependencies=[Depends(key_header)], responses=_RESPONSES)


@router.get("/covers/{work_id:path}", response_class=Response)
async def get_cover(request: Request, work_id: Annotated[str, Path(max_length=MAX_ID_CHARACTERS)]) -> Response:
    """Return the cover of a work, where the service shows covers (EVOKE_COVERS)."""
    covers: Covers | None = request.app.state.covers
    if covers is None:
        raise HTTPException(404, "This service shows no covers: EVOKE_COVERS is off")
    address = covers.addresses.get(work_id)
    if address is None:
        answer = await request.app.state.backend.answer(Call("work", (work_id,)))
        address = WorkView.model_validate_json(answer.body).image_url or ""
        covers.addresses.put(work_id, address)
    body = await covers.find(address) if address else None
    if body is None:
        raise HTTPException(404, "No cover of this work can be had")
    who = "private" if request.app.state.keys else "public"
    headers = {"Cache-Control": f"{who}, max-age={SHOWN_SECONDS}"}
    return Response(body, media_type=image_type(body), headers=headers)
