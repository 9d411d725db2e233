"""The HTTP client of the PLG server and the place where its tokens are kept.

`plg.tunnel`, `plg.cli` and the dashboard may import it; it imports only `plg.contract`. It never prints, never translates and never
decides what a person is told: every failure is an exception of `plg.api.errors` with typed fields.
"""
