"""Encord, by its SDK; not run against the service: see docs/annotation-tools/encord.md."""
