"""Answering /ping."""

from app.upkeep.about import service
from tasks.commands import awaited

ping = awaited("commands.ping", service.answer_ping)
