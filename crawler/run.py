"""`evoke crawl SOURCE`: run the source's spider and write SourceRecords to a file.

An interrupted crawl continues from Scrapy's job directory. A killed crawl starts over, since Scrapy saves its queue
only when it closes: it takes the answers from the cache and skips the records that are in the file already. So a kill
at any moment neither loses nor doubles a record.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawler.errors import CrawlStopped, SelectionRefused
from crawler.extras import installed_version
from crawler.folders import make_private_folder
from crawler.output import check_output
from crawler.pipelines import RECORDS_BEFORE
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.spider import WorkSpider
from crawler.sources.table import SOURCES, load

_NO_WORK = "evoke/no work/"
_RETRIED = "retry/reason_count/"
_STATUS = "httperror/response_ignored_status_count/"
_FORBIDDEN = "robotstxt/forbidden"
_FAILURES = {
    "ConnectionRefusedError": "the connection was refused",
    "ConnectError": "no connection",
    "DNSLookupError": "the host was not found",
    "CannotResolveHostError": "the host was not found",
    "TimeoutError": "no answer in time",
    "TCPTimedOutError": "no answer in time",
    "DownloadTimeoutError": "no answer in time",
    "ResponseNeverReceived": "the connection was lost",
    "ResponseFailed": "the connection was lost",
    "ConnectionLost": "the connection was lost",
    "ConnectionDone": "the connection was lost",
    "DownloadFailedError": "the connection was lost",
    "DownloadConnectionRefusedError": "the connection was refused",
}
"""What the errors of Scrapy and Twisted mean, by the names of their classes."""


@dataclass
class CrawlReport:
    """The result of a crawl.

    Attributes:
        n_records: Records in the file.
        n_new: Records that this crawl wrote.
        no_work: Answers that are not a work, by reason.
        n_failed: Requests that could not be fetched.
        failures: Why attempts to fetch failed, with their numbers.
        interrupted: Whether the person stopped the crawl.
    """

    n_records: int = 0
    n_new: int = 0
    no_work: Counter[str] = field(default_factory=Counter)
    n_failed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False


def run_crawl(
    source: str, selection: Selection, settings: CrawlSettings, output: Path, *, resume: bool = False
) -> CrawlReport:
    """Ask a source for a selection of works and append them to a file.

    Raises:
        SelectionRefused: the source cannot be asked for this, a setting is missing, or the file already exists.
        CrawlStopped: the source refuses or blocks requests; the records written so far stay.
    """
    if (place := SOURCES[source].spider) is None:
        raise SelectionRefused(f"{source} is not asked: {SOURCES[source].selection_note}")
    spider: type[WorkSpider] = load(place)
    spider.check(selection, settings)
    check_output(output, resume=resume)
    folder = settings.home / "crawl"
    job = folder / "jobs" / _job_name(source, selection, output)
    if not resume or not (job / "stopped").exists():
        shutil.rmtree(job, ignore_errors=True)
    make_private_folder(job)  # the queue holds addresses, which may hold a key
    (job / "stopped").unlink(missing_ok=True)
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    process = AsyncCrawlerProcess(scrapy_settings(settings, folder, job, output))
    crawler = process.create_crawler(spider)
    process.crawl(crawler, selection, settings)
    process.start()
    report = _report(crawler.stats.get_stats() if crawler.stats else {})
    if report.interrupted and not report.n_failed:
        (job / "stopped").touch()
    else:
        shutil.rmtree(job, ignore_errors=True)
    why = crawler.spider.stopped_because if isinstance(crawler.spider, WorkSpider) else None
    if why:
        raise CrawlStopped(f"{why}; {report.n_new:,} new records are in {output}, --resume continues from there")
    return report


def scrapy_settings(settings: CrawlSettings, folder: Path, job: Path, output: Path) -> dict[str, Any]:
    """Return the Scrapy settings that all sources share; a source's declaration and its spider set the others."""
    return {
        "EVOKE_OUTPUT": str(output),
        "EVOKE_LONGEST_WAIT": settings.longest_wait_seconds,
        "EVOKE_BUDGET": settings.waiting_budget_seconds,
        "USER_AGENT": user_agent(settings.contact),
        "COOKIES_ENABLED": False,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": 0.5,
        "DOWNLOAD_TIMEOUT": settings.timeout_seconds,
        "RETRY_TIMES": 4,
        "RETRY_HTTP_CODES": [500, 502, 504, 520, 522, 524, 408],
        "HTTPCACHE_DIR": str(folder / "answers"),
        "HTTPCACHE_STORAGE": "crawler.cache.AnswerCache",
        "HTTPCACHE_IGNORE_HTTP_CODES": [code for code in range(201, 600) if code != 404],
        "JOBDIR": str(job),
        "DOWNLOADER_MIDDLEWARES": {"crawler.middlewares.RefusalMiddleware": 560},
        "ITEM_PIPELINES": {"crawler.pipelines.RecordWriter": 100},
        "TELNETCONSOLE_ENABLED": False,
        # Scrapy's log shows whole addresses, keys included; the report has what a person should know.
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_LEVEL": "CRITICAL",
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "LOGSTATS_INTERVAL": 0,
    }


def user_agent(contact: str | None) -> str:
    """Return the User-Agent of every request."""
    return f"Evoke/{installed_version()}" + (f" ({contact})" if contact else "")


def _job_name(source: str, selection: Selection, output: Path) -> str:
    """Return a name that differs for each selection and each output file."""
    return f"{source}-{hashlib.sha256(f'{selection!r} {output.resolve()}'.encode()).hexdigest()[:16]}"


def _report(stats: dict[str, Any]) -> CrawlReport:
    n_new = stats.get("item_scraped_count", 0)
    return CrawlReport(
        n_records=stats.get(RECORDS_BEFORE, 0) + n_new,
        n_new=n_new,
        no_work=Counter({name.removeprefix(_NO_WORK): n for name, n in stats.items() if name.startswith(_NO_WORK)}),
        n_failed=stats.get("retry/max_reached", 0)
        + stats.get("httperror/response_ignored_count", 0)
        + stats.get(_FORBIDDEN, 0),
        failures=_count_failures(stats),
        interrupted=stats.get("finish_reason") == "shutdown",
    )


def _count_failures(stats: dict[str, Any]) -> Counter[str]:
    """Return why attempts to fetch failed, in words."""
    failures: Counter[str] = Counter()
    for name, n in stats.items():
        if name.startswith(_RETRIED):
            error = name.removeprefix(_RETRIED)
            failures[_FAILURES.get(error.rpartition(".")[2], error)] += n
        elif name.startswith(_STATUS):
            failures[f"status {name.removeprefix(_STATUS)}"] += n
        elif name == _FORBIDDEN:
            failures["forbidden by robots.txt"] += n
    return failures
