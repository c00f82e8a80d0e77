from tests.factories.hall_fixtures import bot, hall, workers

__all__ = ["bot", "hall", "workers"]
