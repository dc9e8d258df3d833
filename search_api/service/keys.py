"""The API keys: which key a request has, what it may do, and how often."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException

from search_api.settings import Scope, SearchSettings

KEY_HEADER = "X-API-Key"
ALL_SCOPES: frozenset[Scope] = frozenset({"read", "admin"})


class KeyRing:
    """The keys of a service. Without any, everyone may do everything: then only this machine reaches the service."""

    def __init__(self, settings: SearchSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Set up the keys that the settings name.

        Args:
            settings: The settings of the service.
            clock: The clock that refills the buckets, in seconds.
        """
        keys = [(key.key, key.scopes) for key in settings.api_keys.values()]
        if settings.api_key is not None:
            keys.append((settings.api_key, ALL_SCOPES))
        per_minute = settings.key_requests_per_minute
        self._keys = [
            (key.get_secret_value().encode(), scopes, Bucket(per_minute, clock) if per_minute else None)
            for key, scopes in keys
        ]

    def __len__(self) -> int:
        return len(self._keys)

    def check(self, given: str | None, scope: Scope) -> None:
        """Refuse a request without a key of the scope: 401 without a known key, 403 without the scope, 429 too often.

        The limit is on what asks the search: requests for `admin` do not count.

        Raises:
            HTTPException: The request is refused.
        """
        if not self._keys:
            return
        if given is None:
            raise _unauthorized(f"This service needs its API key in the header {KEY_HEADER}")
        # Compared in constant time, and with each key, so that the time taken reveals nothing about the keys.
        found = [entry for entry in self._keys if hmac.compare_digest(given.encode(), entry[0])]
        if not found:
            raise _unauthorized("The API key is wrong")
        _, scopes, bucket = found[0]
        if scope not in scopes:
            raise HTTPException(403, f"This API key may not do this: it lacks the scope {scope}")
        wait = bucket.take() if bucket and scope == "read" else 0
        if wait:
            raise HTTPException(
                429, f"This API key has used its requests of a minute; the next is free in {wait} s", _retry(wait)
            )


class Bucket:
    """A token bucket: it holds the requests of a minute, and is refilled steadily."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._tokens = float(per_minute)
        self._filled_at = clock()

    def take(self) -> int:
        """Take a token and return 0; if there is none, return the whole seconds until there is one."""
        now = self._clock()
        per_second = self._per_minute / 60
        self._tokens = min(self._per_minute, self._tokens + (now - self._filled_at) * per_second)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) / per_second))


def given_key(headers: Mapping[str, str]) -> str | None:
    """Return the key that a request gives: in X-API-Key, or as a bearer token, which is what Prometheus can send."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return headers.get(KEY_HEADER) or (token.strip() if scheme.lower() == "bearer" else None)


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": "ApiKey"})


def _retry(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}
