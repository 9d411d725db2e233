"""The server: accounts, games, nodes, sessions. aiohttp handlers (thin) -> services (rules, no aiohttp) -> models (Tortoise).

It may import `plg.protocol` (tickets, destinations) and `plg.contract`. It never carries a game's packet.
"""
