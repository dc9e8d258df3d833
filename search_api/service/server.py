"""Run the service: check settings and port, start the search processes, and load the front process meanwhile."""

from __future__ import annotations

from indexer.imports import without_collecting
from search_api.service.binding import ServiceRefused, check_port, check_service, check_workers
from search_api.service.search_processes import open_pool
from search_api.service.sentry import check_sentry
from search_api.service.traces import check_traces
from search_api.settings import SearchSettings


def serve(settings: SearchSettings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM, SIGHUP or SIGINT, then finish the requests that are under way.

    Args:
        settings: The settings of the service and its search processes.
        host: Where to listen. Beyond this machine only when the settings have an API key.
        port: The port to listen on; 0: any free port, which the line on stderr names.
        workers: How many search processes answer.

    Raises:
        ServiceRefused: The service will not, or cannot, listen there, or a setting makes no sense.
        StorageFailed: The home folder cannot be made.
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    check_service(settings, host)
    check_workers(workers)
    check_sentry(settings)
    check_traces()
    port = check_port(host, port)
    if settings.metrics_port == port:
        raise ServiceRefused(f"EVOKE_METRICS_PORT is {port}, the port of the service: choose another one")
    if settings.metrics_port is not None:
        check_port(settings.metrics_host, settings.metrics_port)
    pool = open_pool(settings, workers)
    pool.launch()  # the processes open the index while this one loads its libraries
    with without_collecting():
        from search_api.service.front import run

    run(settings, host, port, pool)
