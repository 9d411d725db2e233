"""The seam to the operating system's packets: which datagrams belong to the game, taking them, and giving replies back.

Only `plg.tunnel` and `plg.cli` may import it. It never talks to a relay or the server and knows nothing of sessions: it asks
its handler, packet by packet, whether a payload goes into the tunnel or on its own way.
"""
