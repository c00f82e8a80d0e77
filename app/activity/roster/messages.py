"""How the clock tells the bot to read every guild's members and roles anew."""

# The namespace of the invalidation that says so.
NAMESPACE = "roster"
TASK = "roster.refresh"
