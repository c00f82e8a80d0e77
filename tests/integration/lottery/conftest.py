from tests.factories.hall_fixtures import bot, hall, worker, workers
from tests.factories.orders import listener

__all__ = ["bot", "hall", "listener", "worker", "workers"]
