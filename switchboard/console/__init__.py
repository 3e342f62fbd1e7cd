"""The console: its own process, in which people and programs see and change what the switchboard knows.

    application.py   every route, behind its token's scope; what every answer carries
    routes.py        what a route is; each noun's module declares its own
    people.py, presence.py, absences.py, about.py      the API's nouns
    openapi.py       the API's description, made of the routes
    serving.py       the process: where it listens, until it is told to stop

The telephone knows nothing of it: it may be down, and calls go on.
"""
