"""The dashboard of `plg` on Textual: shows what a running tunnel says and sends intents; never touches packets, sockets or capture.

May import `plg`; only the body of `plg dashboard` imports it, so that no other command pays for Textual.
"""
