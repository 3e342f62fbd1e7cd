-- Hearing messages by phone: PINs and how they were tried, greetings in people's own voices, who did what in a mailbox.

create table mailboxes (
    extension text primary key check (extension ~ '^[0-9]{1,10}$'),
    pin_hash text,
    pin_set_at timestamptz,
    asks_at_desk boolean not null default false,
    newest_first boolean not null default false,
    locked_until timestamptz
);

comment on table mailboxes is 'What people set of their mailboxes. One without a row has no PIN: it is heard at its own phone only.';
comment on column mailboxes.pin_hash is 'Argon2id, with its parameters and salt (RFC 9106).';
comment on column mailboxes.locked_until is 'Until then nobody hears it from outside: its PIN was guessed at.';

create table mailbox_tries (
    id bigint generated always as identity primary key,
    extension text not null check (length(extension) <= 40),
    at timestamptz not null,
    caller text not null check (length(caller) <= 100),
    call_id uuid,
    is_right boolean not null default false
);

comment on table mailbox_tries is
    'PINs that were tried, each noted as wrong before it is looked at: so many at once are counted, too.';

create index mailbox_tries_lately on mailbox_tries (at);

create table mailbox_greetings (
    person text not null check (person ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    kind text not null check (kind in ('unavailable', 'busy', 'absent')),
    content bytea not null,
    seconds double precision not null check (seconds >= 0),
    recorded_at timestamptz not null,
    primary key (person, kind)
);

alter table mailbox_greetings alter column content set storage external;

create table mailbox_events (
    id uuid primary key,
    extension text not null,
    at timestamptz not null default now(),
    who text not null check (who <> '' and length(who) <= 200),
    what text not null check (
        what in (
            'opened', 'refused', 'locked', 'guessed', 'unlocked', 'pin_set', 'pin_removed', 'greeting_recorded',
            'greeting_dropped', 'order_set'
        )
    ),
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object')
);

comment on table mailbox_events is 'Who opened a mailbox or changed it, from where, and who was refused: append-only.';

create index mailbox_events_of_a_mailbox on mailbox_events (extension, at);

create trigger mailbox_events_are_append_only before update or delete or truncate on mailbox_events
    for each statement execute function refuse_to_rewrite_history();
create trigger mailbox_greetings_changed after insert or update or delete on mailbox_greetings
    for each statement execute function tell_listeners('mailbox_greetings');
