-- Who calls, and whom nobody is to be put through to.

create table clients (
    code text primary key check (code <> '' and length(code) <= 64),
    name text not null check (name <> '' and length(name) <= 200),
    class text not null check (class ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    manager text check (manager ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    language text check (language ~ '^[a-z]{2,3}$'),
    vip boolean not null default false,
    note text not null default '' check (length(note) <= 500),
    standing text not null default 'ok' check (standing in ('ok', 'overdue', 'over_limit')),
    owed numeric(14, 2) check (owed >= 0),
    since date,
    constraint debt_has_a_standing check (standing <> 'ok' or (owed is null and since is null))
);

comment on table clients is 'The organisation''s clients; class, manager and language are names of its YAML.';

create table client_numbers (
    number text primary key check (number ~ '^\+[1-9][0-9]{6,14}$'),
    code text not null references clients on update cascade on delete cascade,
    place smallint not null
);

comment on table client_numbers is 'Clients'' telephone numbers in E.164, each of one client; `place` is their order.';

create index client_numbers_of_a_client on client_numbers (code);

create table screening_list (
    pattern text primary key check (pattern ~ '^\+[0-9]{0,15}\*?$' and pattern <> '+'),
    kind text not null check (kind in ('block', 'allow')),
    why text not null check (why <> '' and length(why) <= 500),
    who text not null check (who <> ''),
    at timestamptz not null default now(),
    call_id uuid
);

comment on table screening_list is 'Callers who are always refused or never: a number in E.164, or the beginning of numbers and `*`.';

create function tell_listeners() returns trigger language plpgsql as $$
begin
    perform pg_notify(tg_argv[0], '');
    return null;
end
$$;

create trigger clients_changed after insert or update or delete or truncate on clients
    for each statement execute function tell_listeners('clients');
create trigger client_numbers_changed after insert or update or delete or truncate on client_numbers
    for each statement execute function tell_listeners('clients');
create trigger screening_list_changed after insert or update or delete or truncate on screening_list
    for each statement execute function tell_listeners('screening_list');
