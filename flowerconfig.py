"""Flower's settings beyond those that `app.cli.flower` gives it; Flower reads this file by its name.

However it is started, it stays on the loopback address unless it asks for a password: its metrics and its health check
never do. Names of variables are Flower's options.
"""

from app.core import log
from app.core.settings import settings

if not settings().flower_basic_auth:
    address = "127.0.0.1"

# It shows; it does not steer: a button that revokes a task would break the promise that every event is applied.
read_only = True
max_workers = 200
purge_offline_workers = 300
tasks_columns = "name,uuid,state,args,received,started,runtime,worker,retries,exception"

log.configure("flower")
