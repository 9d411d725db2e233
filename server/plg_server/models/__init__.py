"""Tables (Tortoise). One module per subject; services use them, handlers never do.

Rules (the reasons are in server/README.md): enums in CharField(max_length=32), `db_default` on every column that is added
later, indexes only through `Meta.indexes`, and a migration that only adds.
"""

MODEL_MODULES = (
    "plg_server.models.accounts",
    "plg_server.models.nodes",
    "plg_server.models.sessions",
    "plg_server.models.benchmarks",
    "plg_server.models.game_overrides",
    "plg_server.models.billing",
    "plg_server.models.codes",
    "plg_server.models.payments",
    "plg_server.models.leases",
    "plg_server.models.audit",
    "plg_server.models.account_safety",
    "plg_server.models.mail",
    "plg_server.models.telegram",
    "plg_server.models.browser_sessions",
    "plg_server.models.status",
)
"""Every module that defines tables; the migrations and the server both read it."""
