"""New versions: a signed index of releases, a download that is believed only after its checks, and a swap that is whole or not at all.

Imports `plg.contract` alone of ours, `cryptography` and aiohttp; only `plg.cli` imports it. It never asks, prints or decides for a person,
and it never touches an installation that pip or a system's package manager looks after.
"""
