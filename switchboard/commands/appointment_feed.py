"""`switchboard appointments feed`: the secret address at which somebody's appointments can be subscribed to."""

from __future__ import annotations

from typing import Annotated

import typer


def feed(
    person: Annotated[str, typer.Argument(help="Who: an id of people.yaml, or an extension.")],
    new: Annotated[bool, typer.Option("--new", help="Make an address; the one before is none any more.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the address back.")] = False,
) -> None:
    """Make, show or take back the address at which somebody's calendar program reads their appointments.

    It is shown once, when it is made: whoever knows it can read them.
    """
    import asyncio
    import secrets

    from switchboard.commands.calls import database_url
    from switchboard.commands.people_named import organisation_served, person_named
    from switchboard.console.calendar_feed import PATH, digest_of, resources_of
    from switchboard.postgres.calendar_feeds import PostgresCalendarFeeds
    from switchboard.settings import load

    if new and revoke:
        raise typer.BadParameter("one of --new and --revoke", param_hint="--new")
    organisation, settings = organisation_served(), load()
    identifier = person_named(organisation, person)
    secret = secrets.token_urlsafe(32)

    async def done() -> str:
        feeds = PostgresCalendarFeeds(database_url)
        try:
            if new:
                await feeds.make(identifier, digest_of(secret))
                base = (settings.public_url or settings.console_url).rstrip("/")
                return base + PATH.format(secret=secret)
            if revoke:
                return "it is no address any more" if await feeds.revoke(identifier) else "there was none"
            made_at = await feeds.made_at(identifier)
            return f"since {made_at.astimezone():%Y-%m-%d %H:%M}" if made_at else "none; --new makes one"
        finally:
            feeds.close()

    print(f"{identifier}: {asyncio.run(done())}")
    if new and not resources_of(identifier, organisation):
        print("Nothing can be booked with them yet: it is empty until appointments.yaml names them.")
