"""Fixtures of this folder."""

from tests.postgres_fixture import dsn, postgres_server

__all__ = ["dsn", "postgres_server"]
