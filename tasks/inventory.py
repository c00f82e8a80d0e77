"""Bags: awaited commands."""

from functools import partial

from app.community.inventory import service
from tasks.commands import awaited

bag_use = awaited("commands.bag_use", service.use)
inventory_give = awaited("commands.inventory_give", partial(service.change, how="give"))
inventory_take = awaited("commands.inventory_take", partial(service.change, how="take"))
