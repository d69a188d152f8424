"""Exports in: one module a format, each yielding notes."""
