"""A telephone operator in software for one organisation.

The house and its import rule: README.md, "The house"; tests/unit/test_architecture.py holds it.
"""

__version__ = "0.1.0"
