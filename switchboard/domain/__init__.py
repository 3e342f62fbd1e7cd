"""The office as it is: people, hours, calls and records. Pure and synchronous: no asyncio, Asterisk or SQL."""
