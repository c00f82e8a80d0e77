"""Celery's settings, shared by every process. The reasons stand in docs/architecture.md."""

from kombu.entity import Exchange, Queue

from app.core.queue import QUEUE_NAMES
from app.core.settings import settings
from beat_schedule import SCHEDULE

broker_url = settings().broker_url
broker_transport = "app.core.transport:Transport"
broker_connection_timeout = 1
broker_connection_retry_on_startup = True
broker_connection_max_retries = None

# The longest task is bounded by task_time_limit, and a redelivery must not overtake it.
task_time_limit = 900
task_soft_time_limit = 840
broker_transport_options = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
    "socket_timeout": 5,
    "socket_connect_timeout": 0.5,
    "health_check_interval": 10,
    "max_retries": 1,
    "interval_start": 0,
}

# No result backend: answers travel as outcome rows and `answer:<interaction>`.
task_ignore_result = True
task_store_errors_even_if_ignored = False
task_acks_late = True
task_reject_on_worker_lost = True
task_publish_retry = False
task_track_started = False
task_serializer = "json"
accept_content = ["json"]
task_create_missing_queues = False
task_default_queue = "maintenance"

worker_prefetch_multiplier = 1
worker_send_task_events = True
task_send_sent_event = True
worker_hijack_root_logger = False
worker_proc_alive_timeout = 30.0

# Left to its defaults, Celery would bind every queue to the exchange and key of the default queue.
task_queues = [Queue(name, Exchange(name), routing_key=name) for name in QUEUE_NAMES]
# The first word of a task's name is its feature; these features have queues of their own.
task_routes = {f"{name}.*": {"queue": name} for name in QUEUE_NAMES}

beat_schedule = SCHEDULE
timezone = "UTC"
