"""Counters and gauges of this process, in Prometheus' form. Features declare their own with these classes."""

from prometheus_client import Counter, Gauge, Histogram

__all__ = ["Counter", "Gauge", "Histogram"]
