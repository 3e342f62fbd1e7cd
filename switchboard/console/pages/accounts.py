"""Who may sign in: accounts are made with a one-time password that is shown once."""

from __future__ import annotations

import re
from http import HTTPStatus
from uuid import UUID, uuid4

from aiohttp import web

from switchboard.console.pages.page import Page, Visit, led_to
from switchboard.console.problem import Problem
from switchboard.domain.account import ACCOUNT_NAME, Account, Permission, Role, one_time_password

LAST = "This is the last account that can manage accounts: make another administrator first."


async def show(visit: Visit) -> web.Response:
    return await _shown(visit)


async def add(visit: Visit) -> web.Response:
    name = visit.form.get("name", "").strip().casefold()
    if not re.fullmatch(ACCOUNT_NAME, name):
        problem = "A name has letters a to z, digits, dots, dashes and underscores, at most 40."
        return await _shown(visit, problem=problem, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    role, password = _role(visit), one_time_password()
    change = visit.change("account.created", name, role=role.value)
    if not await visit.office.accounts.add(uuid4(), name, role, await visit.office.hashed(password), change):
        return await _shown(visit, problem=f"There is an account {name} already.", status=HTTPStatus.CONFLICT)
    return await _shown(visit, one_time=(name, password))


async def reset_password(visit: Visit) -> web.Response:
    account, password = await _asked(visit), one_time_password()
    change = visit.change("account.password_reset", account.name)
    now = visit.office.clock.now()
    await visit.office.accounts.set_password(
        account.id, await visit.office.hashed(password), now, change, must_change=True
    )
    return await _shown(visit, one_time=(account.name, password))


async def set_role(visit: Visit) -> web.Response:
    account, role = await _asked(visit), _role(visit)
    change = visit.change("account.role_set", account.name, role=role.value, was=account.role.value)
    if not await visit.office.accounts.set_role(account.id, role, change):
        return await _shown(visit, problem=LAST, status=HTTPStatus.CONFLICT)
    return led_to("/accounts")


async def set_disabled(visit: Visit) -> web.Response:
    account, disabled = await _asked(visit), visit.form.get("disabled") == "yes"
    change = visit.change("account.disabled" if disabled else "account.enabled", account.name)
    if not await visit.office.accounts.set_disabled(account.id, change, disabled=disabled):
        return await _shown(visit, problem=LAST, status=HTTPStatus.CONFLICT)
    return led_to("/accounts")


async def _shown(
    visit: Visit, *, problem: str = "", one_time: tuple[str, str] = ("", ""), status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    accounts = await visit.office.accounts.accounts()
    values = {"accounts": accounts, "roles": list(Role), "problem": problem, "one_time": one_time}
    return visit.rendered("accounts.html", status=status, **values)


async def _asked(visit: Visit) -> Account:
    try:
        account = await visit.office.accounts.account(UUID(visit.request.match_info["account"]))
    except ValueError:
        account = None
    if account is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such account.")
    return account


def _role(visit: Visit) -> Role:
    try:
        return Role(visit.form.get("role", ""))
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Choose a role from the list.") from None


PAGES = (
    Page("GET", "/accounts", Permission.MANAGE_ACCOUNTS, show),
    Page("POST", "/accounts", Permission.MANAGE_ACCOUNTS, add),
    Page("POST", "/accounts/{account}/password", Permission.MANAGE_ACCOUNTS, reset_password),
    Page("POST", "/accounts/{account}/role", Permission.MANAGE_ACCOUNTS, set_role),
    Page("POST", "/accounts/{account}/disabled", Permission.MANAGE_ACCOUNTS, set_disabled),
)
