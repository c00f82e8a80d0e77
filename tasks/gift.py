"""The daily gift: an awaited command."""

from app.community.gift import service
from tasks.commands import awaited

gift = awaited("commands.gift", service.give)
