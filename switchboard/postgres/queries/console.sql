-- token_of --
-- The token of a digest; that it was used is noted to the minute.
with touched as (
    update api_tokens set used_at = now()
    where digest = $1 and (used_at is null or used_at < now() - interval '1 minute')
)
select id, name, scopes, created_at, created_by, expires_at, revoked_at, used_at from api_tokens where digest = $1

-- tokens --
-- Every token, the newest first.
select id, name, scopes, created_at, created_by, expires_at, revoked_at, used_at from api_tokens
order by created_at desc, id

-- add_token --
-- Keep a token by its digest; nothing if one of that name is in force.
insert into api_tokens (id, name, digest, scopes, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (name) where revoked_at is null do nothing
returning id

-- revoke_token --
-- The token of a name allows nothing any more; its id.
update api_tokens set revoked_at = now() where name = $1 and revoked_at is null returning id

-- note_change --
-- Who changed what.
insert into audit_log (who, token_id, address, what, subject, detail) values ($1, $2, $3, $4, $5, $6::text::jsonb)

-- put_presence --
-- What a person set: it counts, even if a clock that is ahead set what was there.
insert into presence as kept (person, status, set_at, until, by) values ($1, $2, $3, $4, $5)
on conflict (person) do update set
    status = excluded.status,
    set_at = greatest(excluded.set_at, kept.set_at + interval '1 microsecond'),
    until = excluded.until,
    by = excluded.by
returning person, status, set_at, until, by

-- remove_absence_of --
-- Forget an absence of a person; its columns.
delete from absences where id = $1 and person = $2 returning id, person, begins, ends, because, by

-- forget_answers --
-- Answers are kept for a day.
delete from api_answers where at < now() - interval '1 day'

-- keep_answer --
-- What is answered to a request with a key; nothing if that key was used before.
insert into api_answers (token_id, key, request, answer) values ($1, $2, $3, $4::text::jsonb)
on conflict do nothing
returning key

-- answer_kept --
-- What was answered to that key, and to which request.
select request, answer::text as answer from api_answers where token_id = $1 and key = $2

-- is_ready --
-- Fails where the tables are not there.
select exists (select from api_tokens) or exists (select from presence) or exists (select from absences)
