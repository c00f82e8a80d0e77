"""A Celery app that knows queues and schedule, but no tasks: beat and Flower need no more, and stay small."""

from celery import Celery


def sender() -> Celery:
    """Celery's settings alone, as the current app of this process."""
    application = Celery("heorot")
    application.config_from_object("celeryconfig")
    return application
