-- Who may use the API, what they were answered, and who changed what.

create table api_tokens (
    id uuid primary key,
    name text not null check (name ~ '^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$'),
    digest bytea not null unique check (length(digest) = 32),
    scopes text[] not null check (cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    created_by text not null check (created_by <> '' and length(created_by) <= 500),
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz
);

comment on table api_tokens is 'Tokens of the API. The token itself is nowhere: `digest` is its SHA-256.';

create unique index api_tokens_by_name on api_tokens (name) where revoked_at is null;

create table api_answers (
    token_id uuid not null references api_tokens,
    key text not null check (key <> '' and length(key) <= 200),
    request bytea not null check (length(request) = 32),
    answer jsonb not null,
    at timestamptz not null default now(),
    primary key (token_id, key)
);

comment on table api_answers is
    'What was answered to requests with an Idempotency-Key, for a day; `request` is the SHA-256 of what was asked.';

create index api_answers_by_age on api_answers (at);

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    who text not null check (who <> '' and length(who) <= 500),
    token_id uuid references api_tokens,
    address text not null default '' check (length(address) <= 100),
    what text not null check (what ~ '^[a-z_]+[.][a-z_]+$'),
    subject text not null check (length(subject) <= 200),
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object')
);

comment on table audit_log is 'Who changed what through the API, and who made or revoked its tokens: append-only.';

create index audit_log_by_time on audit_log (at);
create index audit_log_by_subject on audit_log (subject, at);

create trigger audit_log_is_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_to_rewrite_history();
