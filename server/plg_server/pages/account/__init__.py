"""Signing in, and the cabinet of an account."""
