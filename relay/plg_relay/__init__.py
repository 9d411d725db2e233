"""The relay: opens tickets, carries game datagrams between players and game servers, and refuses everything else.

It may import `plg.protocol`, `plg.contract` and `plg.probe`. It keeps no account data and asks nobody while packets flow.
"""
