-- Days for which two people of a rota change places.

create table rota_swaps (
    id uuid primary key,
    rota text not null check (rota ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    day date not null,
    one text not null check (one ~ '^[A-Za-z][A-Za-z0-9_]*$'),
    other text not null check (other ~ '^[A-Za-z][A-Za-z0-9_]*$' and other <> one),
    because text not null check (length(because) between 1 and 500),
    by text not null check (length(by) between 1 and 500),
    noted_at timestamptz not null default now(),
    taken_back_at timestamptz,
    taken_back_by text check (length(taken_back_by) between 1 and 500),
    check ((taken_back_at is null) = (taken_back_by is null))
);

comment on table rota_swaps is
    'Beside rota.yaml: on that day of the rota''s wall clock whoever of the two is on call, the other is instead.';

create trigger rota_swaps_changed after insert or update or delete or truncate on rota_swaps
    for each statement execute function tell_listeners('rota_swaps');
