"""The operators' part of the API: one module per subject, each with its `ROUTES`."""
