"""Everything that knows Postgres: migrations, queries, stores, and the spool in front of them."""
