-- Who may sign in to the console.

create table console_accounts (
    id uuid primary key,
    name text not null unique check (name ~ '^[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?$'),
    password_hash text not null check (password_hash like '$argon2id$%'),
    role text not null check (role in ('receptionist', 'supervisor', 'administrator', 'auditor')),
    must_change boolean not null,
    sessions_since timestamptz not null default now(),
    is_disabled boolean not null default false,
    created_at timestamptz not null default now(),
    created_by text not null check (created_by <> '' and length(created_by) <= 500)
);

comment on table console_accounts is
    'Accounts of the console. `must_change`: the password is a one-time one. Sessions before `sessions_since` are over.';
