"""Flower's settings; Flower reads this file by its name, from the directory it is started in.

`FLOWER_PORT` and `FLOWER_BASIC_AUTH` reach Flower through its own reading of the environment; they stand here too so
that a file `.env` works the same, and no password stands on a command line. Names of variables are Flower's options.
"""

from app.core import log
from app.core.errors import ConfigurationError
from app.core.settings import settings

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

port = settings().flower_port
address = settings().flower_address
if settings().flower_basic_auth:
    basic_auth = settings().flower_basic_auth.split(",")
elif address not in _LOOPBACK:
    # Its metrics and its pages would be open to whoever reaches the port.
    raise ConfigurationError(f"FLOWER_ADDRESS {address} needs FLOWER_BASIC_AUTH (user:password).")

# It shows; it does not steer: a button that revokes a task would break the promise that every event is applied.
read_only = True
max_tasks = 10_000
max_workers = 200
purge_offline_workers = 300
natural_time = False
tasks_columns = "name,uuid,state,args,received,started,runtime,worker,retries,exception"

log.configure("flower")
