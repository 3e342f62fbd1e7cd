"""The first account of the console, made when the switchboard is started and there is none."""

from __future__ import annotations

from uuid import uuid4

import structlog

from switchboard.domain.account import Role, one_time_password
from switchboard.domain.audit import Change
from switchboard.errors import RecordsUnreachable
from switchboard.postgres.accounts import PostgresAccounts
from switchboard.postgres.slow_hash import hashed

FIRST = "administrator"

log = structlog.get_logger()


async def first_administrator(database_url: str) -> str:
    """Its one-time password, for whoever starts us to read; "" if there are accounts, or nobody can know."""
    store = PostgresAccounts(lambda: database_url)
    try:
        if await store.accounts():
            return ""
        password = one_time_password()
        change = Change("switchboard up", "account.created", FIRST, {"role": Role.ADMINISTRATOR.value})
        kept = await hashed(password)
        made = await store.add(uuid4(), FIRST, Role.ADMINISTRATOR, kept, change, first=True)
    except RecordsUnreachable as error:
        log.warning("no first account", problem=str(error))
        return ""
    finally:
        store.close()
    return password if made else ""
