# One image for every process. `docker run` alone starts everything (`python -m app up`); docker-compose.yml starts each
# process as a service of its own.
FROM python:3.13.9-slim-trixie AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
COPY requirements/run.lock /tmp/run.lock
RUN /opt/venv/bin/python -m pip install --no-deps --require-hashes -r /tmp/run.lock

FROM python:3.13.9-slim-trixie
# PostgreSQL refuses to run as root, and initdb wants its user to have a name.
RUN groupadd --gid 10001 heorot \
    && useradd --uid 10001 --gid heorot --no-create-home --home-dir /data heorot \
    && install --directory --owner heorot --group heorot --mode 0700 /data
COPY --from=packages /opt/venv /opt/venv
COPY . /opt/heorot
WORKDIR /opt/heorot
# The root file system is read-only at run time, so the bytecode is written now.
RUN /opt/venv/bin/python -m compileall -q app tasks schema
ENV PATH=/opt/venv/bin:$PATH \
    DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 3000 5555
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "scripts/alive.py"]
CMD ["python", "-m", "app", "up"]
