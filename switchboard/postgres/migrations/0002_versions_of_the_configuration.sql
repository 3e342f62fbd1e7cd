-- Versions of the configuration, file by file, and who made them live when and why.

create table configuration_files (
    sha256 text primary key check (sha256 = encode(sha256(content), 'hex')),
    content bytea not null
);

comment on table configuration_files is 'Contents of the files of all versions, each once.';

create table configuration_versions (
    version text primary key check (version ~ '^[0-9a-f]{16}$'),
    manifest jsonb not null check (jsonb_typeof(manifest) = 'object'),
    kept_at timestamptz not null default now()
);

comment on table configuration_versions is 'A version''s files: name to {sha256, size}. The version is the hash of it.';

create table publications (
    id uuid primary key,
    at timestamptz not null,
    version text not null references configuration_versions,
    was text check (was ~ '^[0-9a-f]{16}$'),
    who text not null check (who <> ''),
    why text not null check (why <> ''),
    kind text not null check (kind in ('publish', 'rollback', 'first', 'found'))
);

comment on table publications is 'Which version became the live one when, who made it so, and why: append-only.';

create index publications_newest on publications (at desc, id desc);
create index publications_of_a_version on publications (version);

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end
$$;

create trigger publications_are_append_only before update or delete or truncate on publications
    for each statement execute function refuse_to_rewrite_history();
