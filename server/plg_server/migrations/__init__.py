"""Schema changes in order, applied by `plg server run` under a lock. Additive only: see server/README.md."""
