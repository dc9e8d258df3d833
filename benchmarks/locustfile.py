"""What people ask a service, for Locust.

locust -f benchmarks/locustfile.py --host http://127.0.0.1:8000

Variables: STRESS_EACH is how many requests a user makes each second, whatever the answers take; 0: a user asks as soon
as there is an answer. By default a user reads for one to five seconds first, as people do. STRESS_SAMPLES names a file
that gets a line for each request: when it was sent, its kind, its status, its milliseconds.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import quote

import gevent
from locust import FastHttpUser, events, task

WISHES = (
    "find me something inspiring", "a quiet film about grief", "survival at sea", "a funny book about science",
    "hope in dark times", "friendship on a long journey", "a mystery in a small town", "a war story without violence",
    "films from the 90s about music", "a sad love story", "something like The Martian but lighter",
    "books about forgiveness, under 300 pages", "a thriller that is not too dark", "a heist with a clever plan",
    "coming of age in the countryside", "a slow, beautiful film", "science fiction about first contact",
    "a story of two sisters", "what it means to grow old", "a comedy for the whole family",
)  # fmt: skip
PLACES = (
    "",
    " at night",
    " in winter",
    " in the city",
    " with music",
    " for a friend",
    " on an island",
    " in the 1920s",
)
MOODS = ("", ", hopeful", ", not sad", ", warm", ", funny", ", tense")
MEMORY = (
    "I saw this as a child. A boy finds a machine in his uncle's barn and repairs it over a summer, while his parents "
    "argue in the house. At the end the machine flies, or he dreams it, and the uncle is gone. There was a dog, and a "
    "song on an old radio that came back several times. "
)
TYPED = ("int", "inter", "the lo", "the lord", "har", "harry p", "pride and", "star w", "a man c", "lttle women")
FILTERS = (
    '{"kind": "movie", "year": {"gte": 1990}}', '{"kind": "book", "page_count": {"lte": 300}}',
    '{"genres": {"any": ["drama"]}}',
)  # fmt: skip

each = os.environ.get("STRESS_EACH")
pause = None if each is None else 1 / float(each) if float(each) else 0
"""Seconds from one request of a user to the next; None: as people do."""
samples = os.environ.get("STRESS_SAMPLES")


class Person(FastHttpUser):
    """A person who searches, pages, types, and looks at works."""

    connection_timeout = network_timeout = 30.0

    def on_start(self) -> None:
        """Know some works, so that requests can name them, and begin at a time of one's own.

        Users that ask together each time have most of a burst refused, and then nothing is left to do until the next:
        50 of 178 requests a second were answered so, by search processes that used .9 of two cores. Locust's
        `constant_throughput` counts from before `on_start`, so it would have them ask together.
        """
        self.draw = random.Random()
        self.works: list[str] = []
        gevent.sleep(self.draw.uniform(0, pause or 0))
        self.due = time()

    def wait_time(self) -> float:
        """Return the seconds until the next request."""
        if pause is None:
            return self.draw.uniform(1, 5)
        self.due += pause
        return max(0, self.due - time())

    @task(50)
    def search(self) -> None:
        """Ask in words that nobody asked in before."""
        hits = self.ask("search", f"/v1/search?q={quote(self.wish())}&limit=10")
        self.works = [hit["id"] for hit in hits.get("hits", ())] or self.works

    @task(8)
    def page_on(self) -> None:
        """Ask for a wish, then for its second page."""
        wish = quote(self.wish())
        self.ask("search", f"/v1/search?q={wish}&limit=10")
        self.ask("second page", f"/v1/search?q={wish}&limit=10&offset=10")

    @task(8)
    def filtered(self) -> None:
        """Ask with facts that a work must have."""
        body = f'{{"query": "{self.wish()}", "filters": {self.draw.choice(FILTERS)}}}'
        self.ask("with filters", "/v1/search", body)

    @task(2)
    def remembered(self) -> None:
        """Describe a work that is remembered."""
        body = f'{{"query": "{MEMORY * self.draw.randint(1, 6)}{self.wish()}"}}'
        self.ask("described", "/v1/search", body)

    @task(10)
    def type(self) -> None:
        """Type a title."""
        self.ask("suggest", f"/v1/suggest?q={quote(self.draw.choice(TYPED))}")

    @task(12)
    def look(self) -> None:
        """Look at a work that was found, and at those like it."""
        if not self.works:
            return
        work = quote(self.draw.choice(self.works), safe="")
        self.ask("work", f"/v1/works/{work}")
        self.ask("similar", f"/v1/works/{work}/similar")

    @task(4)
    def recommend(self) -> None:
        """Ask for works like some that were found."""
        if self.works:
            likes = ", ".join(f'"{work}"' for work in self.draw.sample(self.works, min(3, len(self.works))))
            self.ask("recommend", "/v1/recommend", f'{{"likes": [{likes}]}}')

    @task(3)
    def count(self) -> None:
        """Count works for the page's filters."""
        self.ask("facets", "/v1/facets?kind=movie")

    def wish(self) -> str:
        """Return words that a person might ask."""
        return self.draw.choice(WISHES) + self.draw.choice(PLACES) + self.draw.choice(MOODS)

    def ask(self, kind: str, path: str, body: str | None = None) -> Any:
        """Ask, and return the answer's JSON. A refusal is an answer too: the report counts it apart."""
        headers = {"Content-Type": "application/json"} if body else {}
        with self.client.request(
            "POST" if body else "GET", path, name=kind, data=body, headers=headers, catch_response=True
        ) as response:
            if response.status_code == 503 and "Retry-After" in response.headers:
                response.success()
            return response.json() if response.status_code == 200 else {}


if samples:
    lines: list[str] = []

    @events.request.add_listener
    def keep(start_time: float, name: str, response_time: float, response: Any, **_: Any) -> None:
        """Keep a request for the report."""
        lines.append(f"{start_time:.3f}\t{name}\t{getattr(response, 'status_code', 0)}\t{response_time:.1f}\n")

    @events.quitting.add_listener
    def write(**_: Any) -> None:
        """Write what was kept."""
        Path(samples).write_text("".join(lines), encoding="utf-8")
