"""What the bot counts and measures about itself."""

from app.core.metrics import Counter, Gauge, Histogram

RECEIVED = Counter("heorot_bot_dispatches_total", "Gateway dispatches by event name", ["event"])
UNKNOWN = Counter("heorot_bot_unknown_dispatches_total", "Gateway dispatches of a kind that we do not know")
MALFORMED = Counter("heorot_bot_malformed_total", "Frames and payloads that could not be understood", ["event"])
KEPT = Counter("heorot_bot_events_total", "Events handed to the ledger, live or late", ["origin"])
LEFT_OUT = Counter("heorot_bot_left_out_total", "Events that a content mode or an opt-out kept out")
BATCHES = Counter("heorot_bot_batches_total", "Batches by where they went", ["to"])
PUBLISH = Histogram(
    "heorot_bot_publish_seconds",
    "Time to make one group of batches durable",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2),
)
LOOP_LAG = Histogram(
    "heorot_bot_loop_lag_seconds",
    "How late the event loop wakes",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
LOOP_LAG_NOW = Gauge("heorot_bot_loop_lag_last_seconds", "How late the event loop woke the last time")
BUFFERED = Gauge("heorot_bot_buffered_events", "Events in memory that are not durable yet")
SPOOL_ENTRIES = Gauge("heorot_spool_entries", "Batches in the spool")
SPOOL_BYTES = Gauge("heorot_spool_bytes", "Bytes of batches in the spool")
BACKFILL_OPEN = Gauge("heorot_bot_backfill_channels_open", "Channels that still have a gap to fill")
BACKFILL_MESSAGES = Counter("heorot_bot_backfill_messages_total", "Messages listed to fill gaps")
