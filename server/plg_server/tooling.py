"""For `tortoise -c plg_server.tooling.TORTOISE makemigrations`: the models without any server's settings."""

from plg_server.config import load_config
from plg_server.database import tortoise_config

TORTOISE = tortoise_config(load_config(None, {}, {"data_dir": "/nonexistent"}))
