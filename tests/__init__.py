"""Tests; run them with `make test`, or one folder with `pytest tests/<folder>`."""
