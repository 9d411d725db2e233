"""Measurements: how far relays and game servers are.

The tunnel, the commands and the relay may import it (the relay measures the hosts near game servers). It never touches the
game's packets, chooses nothing and keeps nothing: numbers come out, and what they mean is decided elsewhere.
"""
