"""`plg account`: one's own account, one module for each of its commands."""
