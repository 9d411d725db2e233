"""Periodic work of its own kind; `background` runs it, in every replica, and each piece sees to it that it is done once."""
