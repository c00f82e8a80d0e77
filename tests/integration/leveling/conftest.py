from tests.factories.hall_fixtures import bot, hall, workers
from tests.integration.ingest.conftest import events, execute, hand_in, rows, sent

__all__ = ["bot", "events", "execute", "hall", "hand_in", "rows", "sent", "workers"]
