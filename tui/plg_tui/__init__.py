"""The Textual dashboard: shows snapshots of the running tunnel and sends intents; never touches sockets or capture."""
