"""Signing in and out, and one's password."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from aiohttp import web

from switchboard.console.pages.page import Page, Visit, Who, led_to
from switchboard.console.pages.sessions import begin
from switchboard.console.wrong_secrets import WrongSecrets
from switchboard.domain.account import password_fault

WRONG = "The name or the password is wrong."
TOO_MANY = "Too many wrong attempts: wait a minute."
NO_ACCOUNTS = "Nobody has an account yet: `switchboard accounts add NAME --role administrator` makes the first."

log = structlog.get_logger(__name__)


async def show(visit: Visit) -> web.Response:
    if visit.account is not None:
        return led_to(_there(visit.request.query.get("to", "")))
    problem = "" if await visit.office.accounts.accounts() else NO_ACCOUNTS
    return visit.rendered("sign_in.html", problem=problem, name="", to=visit.request.query.get("to", ""))


async def sign_in(visit: Visit) -> web.Response:
    name, password = visit.form.get("name", "").strip().casefold(), visit.form.get("password", "")
    to, address = visit.form.get("to", ""), visit.request.remote or ""
    wrong: WrongSecrets = visit.office.wrong_passwords
    if wrong.wait(address) or wrong.wait(f"name {name}"):
        # Counted by name, too: many addresses may try one account. The real owner has to wait a minute then.
        log.warning("sign_in_refused", name=name[:40], address=address)
        problem, status = TOO_MANY, HTTPStatus.TOO_MANY_REQUESTS
        return visit.rendered("sign_in.html", status=status, problem=problem, name=name, to=to)
    found = await visit.office.accounts.named(name)
    account, kept = found or (None, None)
    is_right = await visit.office.is_right(password, kept)
    if account is None or not is_right or account.is_disabled:
        wrong.note(address)
        wrong.note(f"name {name}")
        log.warning("sign_in_failed", name=name[:40], address=address)
        return visit.rendered("sign_in.html", status=HTTPStatus.UNAUTHORIZED, problem=WRONG, name=name, to=to)
    await begin(visit.request, account, visit.office.clock.now())
    change = Visit(visit.request, visit.office, visit.session, account).change("session.began", account.name)
    await visit.office.accounts.note(change)
    return led_to("/password" if account.must_change else _there(to))


async def sign_out(visit: Visit) -> web.Response:
    visit.session.invalidate()
    return led_to("/sign-in")


async def show_password(visit: Visit) -> web.Response:
    return visit.rendered("password.html", problem="")


async def set_password(visit: Visit) -> web.Response:
    me, office = visit.me, visit.office
    old, new = visit.form.get("old", ""), visit.form.get("new", "")
    found = await office.accounts.named(me.name)
    if visit.office.wrong_passwords.wait(f"name {me.name}"):
        return visit.rendered("password.html", status=HTTPStatus.TOO_MANY_REQUESTS, problem=TOO_MANY)
    if found is None or not await office.is_right(old, found[1]):
        visit.office.wrong_passwords.note(f"name {me.name}")
        problem = "The password you have is another one."
    elif new != visit.form.get("again", ""):
        problem = "The new password is not twice the same."
    elif new == old:
        problem = "The new password is the old one."
    else:
        problem = password_fault(new, me.name)
    if problem:
        return visit.rendered("password.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, problem=problem)
    now = office.clock.now()
    change = visit.change("account.password_set", me.name)
    await office.accounts.set_password(me.id, await office.hashed(new), now, change, must_change=False)
    await begin(visit.request, me, now)
    return led_to("/")


def _there(to: str) -> str:
    """A page of ours to go on to: nobody else's, whatever a link says."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"


PAGES = (
    Page("GET", "/sign-in", Who.ANYBODY, show),
    Page("POST", "/sign-in", Who.ANYBODY, sign_in),
    Page("POST", "/sign-out", Who.SIGNED_IN, sign_out),
    Page("GET", "/password", Who.SIGNED_IN, show_password),
    Page("POST", "/password", Who.SIGNED_IN, set_password),
)
