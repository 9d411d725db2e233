"""Thin: take checked input from the request, call a service, return the answer. No rule lives here."""
