"""How a cache is described to people."""

from app.core.translations import _, ngettext
from app.upkeep.cache.queries import Summary

_KIB = 1024


def line(summary: Summary) -> str:
    """One cache in one line."""
    count = ngettext("{count} entry", "{count} entries", summary.entries).format(count=summary.entries)
    parts = [f"{count}, {size(summary.bytes)}"]
    if summary.oldest is not None:
        parts.append(_("the oldest {age} old").format(age=age(summary.oldest)))
    if summary.hit_rate is None:
        parts.append(_("no lookups yet"))
    else:
        lookups = summary.hits + summary.misses
        rate = _("{rate} of {lookups} lookups answered").format(rate=f"{summary.hit_rate:.1%}", lookups=lookups)
        parts.append(f"{rate} (L1 {summary.l1_hits}, L2 {summary.l2_hits})")
    return f"**{summary.cache}**: {', '.join(parts)}"


def size(number: int) -> str:
    """Bytes in KiB or MiB, which every language writes the same."""
    if number < _KIB:
        return f"{number} B"
    if number < _KIB * _KIB:
        return f"{number / _KIB:.1f} KiB"
    return f"{number / _KIB / _KIB:.1f} MiB"


def age(seconds: float) -> str:
    """A time span in its largest unit."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
