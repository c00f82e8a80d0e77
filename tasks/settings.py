"""Changing settings: awaited commands."""

from app.upkeep.settings import service
from tasks.commands import awaited

settings_set = awaited("commands.settings_set", service.change)
setup_done = awaited("commands.setup_done", service.finish_setup)
language_set = awaited("commands.language_set", service.choose_language)
