"""What is counted, for Prometheus: requests as they are answered, jobs and messages as the database holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.storage.database import Database, now
from service.storage.tables import deliveries, executors, jobs, venues

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class _Stored(Collector):
    """Counts of the database, at the time of asking."""

    def __init__(self, database: Database, dead_after_s: float) -> None:
        self._database = database
        self._dead_after_s = dead_after_s

    def collect(self) -> Iterator[Metric]:
        """The gauges; one that says whether the database answers, where it does not alone."""
        up = GaugeMetricFamily("matcher_database_up", "Whether the database answers.")
        try:
            found = self._counts()
        except sa.exc.SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _counts(self) -> list[Metric]:
        of_jobs = GaugeMetricFamily("matcher_jobs", "Jobs by kind and state.", labels=["kind", "state"])
        of_mail = GaugeMetricFamily("matcher_deliveries", "Messages to webhooks by state.", labels=["state"])
        alive = GaugeMetricFamily("matcher_processes", "Processes that run jobs and have said so lately.")
        oldest = GaugeMetricFamily("matcher_oldest_waiting_job_seconds", "How long the oldest job waits.")
        stored = GaugeMetricFamily("matcher_venues", "Venues.")
        count = sa.func.count()
        with self._database.read() as connection:
            by_state = sa.select(jobs.c.kind, jobs.c.state, count).group_by(jobs.c.kind, jobs.c.state)
            for kind, state, number in connection.execute(by_state):
                of_jobs.add_metric([kind, state], number)
            for state, number in connection.execute(sa.select(deliveries.c.state, count).group_by(deliveries.c.state)):
                of_mail.add_metric([state], number)
            lately = executors.c.seen_at > now() - self._dead_after_s
            alive.add_metric([], connection.execute(sa.select(count).where(lately)).scalar() or 0)
            first = connection.execute(sa.select(sa.func.min(jobs.c.created_at)).where(jobs.c.state == "queued"))
            oldest.add_metric([], max(0.0, now() - (first.scalar() or now())))
            stored.add_metric([], connection.execute(sa.select(count).select_from(venues)).scalar() or 0)
        return [of_jobs, of_mail, alive, oldest, stored]


class Metrics:
    """What one process counts, and what the database holds.

    Args:
        database: of jobs and messages.
        dead_after_s: after how long without a sign a process counts no more.
    """

    def __init__(self, database: Database, dead_after_s: float) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Stored(database, dead_after_s))
        self._stops: list[Callable[[], None]] = []
        self._requests = Counter(
            "matcher_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "matcher_request_seconds",
            "From the first byte asked to the last byte sent; streams are as long as they last.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: of HTTP.
            route: the pattern of the address, never the address.
            status: of the answer.
            seconds: how long it took.
        """
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def serve(self, host: str, port: int) -> None:
        """Answer on a port of its own as well, without a key: for a network that only the monitoring reaches."""
        server, _ = start_http_server(port, host, registry=self.registry)
        self._stops += [server.shutdown, server.server_close]

    def stop(self) -> None:
        """Answer no more on a port of its own."""
        while self._stops:
            self._stops.pop(0)()
