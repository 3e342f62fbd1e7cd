-- accounts --
-- Every account, by name.
select id, name, role, must_change, sessions_since, is_disabled from console_accounts order by name

-- account --
-- The account of an id.
select id, name, role, must_change, sessions_since, is_disabled from console_accounts where id = $1

-- account_named --
-- The account of a name, and its password's hash.
select id, name, role, must_change, sessions_since, is_disabled, password_hash from console_accounts where name = $1

-- add_account --
-- A new account with a one-time password; nothing if there is one of that name.
insert into console_accounts (id, name, password_hash, role, must_change, created_by)
values ($1, $2, $3, $4, true, $5)
on conflict (name) do nothing
returning id

-- add_first_account --
-- The same, but only while there is no account at all.
insert into console_accounts (id, name, password_hash, role, must_change, created_by)
select $1, $2, $3, $4, true, $5
where not exists (select from console_accounts)
on conflict (name) do nothing
returning id

-- set_password --
-- Another password; sessions so far are over.
update console_accounts set password_hash = $2, must_change = $3, sessions_since = $4 where id = $1 returning id

-- set_role --
-- Another role; sessions so far are over.
update console_accounts set role = $2, sessions_since = now() where id = $1 returning id

-- set_disabled --
-- Whether it may sign in; sessions so far are over.
update console_accounts set is_disabled = $2, sessions_since = now() where id = $1 returning id

-- other_administrators --
-- How many accounts beside this one can manage accounts.
select count(*) as number from console_accounts where role = 'administrator' and not is_disabled and id <> $1

-- lock_accounts --
-- One change at a time, so that two can't each take the other's last administrator away.
lock table console_accounts in share row exclusive mode

-- note_change --
-- Who changed what.
insert into audit_log (who, address, what, subject, detail) values ($1, $2, $3, $4, $5::text::jsonb)

-- audit_log --
-- Its newest lines before the line $1 (null: all), at most $2.
select id, at, who, address, what, subject, detail::text as detail from audit_log
where $1::bigint is null or id < $1
order by id desc
limit $2
