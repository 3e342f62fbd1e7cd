-- settings --
-- $1: an extension, $2: now. What is set of its mailbox.
select
    pin_hash is not null as has_pin, newest_first, coalesce(locked_until > $2, false) as is_locked
from mailboxes where extension = $1

-- messages --
-- $1: a person, $2: departments, $3: whether messages for nobody in particular are there. All that are not done.
select
    id, recorded_at, seconds, caller_number, coalesce(person, '') as person, coalesce(department, '') as department,
    coalesce(owner, '') as owner, state, urgent,
    array(select part from message_audio where message_id = messages.id) as parts
from messages
where state <> 'done' and erased_at is null
    and (
        (person = $1 and (owner is null or owner = $1))
        or owner = $1
        or (person is null and owner is null and department = any ($2))
        or ($3 and person is null and owner is null and department is null)
    )
order by recorded_at

-- sound --
-- $1: a message, $2: a part of it.
select content, seconds from message_audio where message_id = $1 and part = $2

-- mark --
-- $1: a message, $2: its state from now on, $3: what is noted in its history, $4: now, $5: who, $6: from where.
with changed as (
    update messages set state = $2 where id = $1 and erased_at is null and state is distinct from $2 returning id
)
insert into message_events (id, message_id, at, who, what, detail)
select gen_random_uuid(), id, $4, $5, $3, $6::text::jsonb from messages where id = $1 returning id

-- take --
-- $1: a message, $2: the person who sees to it from now on, $3: now, $4: who, $5: detail. No row: somebody else does.
with taken as (
    update messages set owner = $2, state = 'in_hand'
    where id = $1 and owner is null and erased_at is null and state <> 'done'
    returning id
)
insert into message_events (id, message_id, at, who, what, detail)
select gen_random_uuid(), id, $3, $4, 'taken', $5::text::jsonb from taken returning id

-- forward --
-- $1: a message, $2: the id of its copy, $3: the person it is for, $4: WAV of an introduction or null, $5: its seconds,
-- $6: now, $7: who, $8: detail. The copy is a message of its own, told as one that was just left.
with copied as (
    insert into messages (
        id, call_id, recorded_at, seconds, file, sha256, kind, caller_number, caller_name, client_code, client_name,
        person, language, urgent, level, call_back, parts, filed_at
    )
    select
        $2::uuid, call_id, recorded_at, seconds, $2::uuid || '.wav', sha256, kind, caller_number, caller_name, client_code,
        client_name, $3, language, urgent, level, call_back, parts, $6
    from messages where id = $1 and erased_at is null
    returning id, urgent
),
sounds as (
    insert into message_audio (message_id, part, content, sha256, media_type, seconds)
    select copied.id, part, content, sha256, media_type, seconds
    from message_audio cross join copied where message_id = $1 and part <> 'introduction'
    union all
    select id, 'introduction', $4::bytea, encode(sha256($4::bytea), 'hex'), 'audio/wav', $5::double precision
    from copied where $4::bytea is not null
),
to_send as (
    insert into outbox (message_id, kind, idempotency_key, payload)
    select id, kind, 'message:' || id || ':saved:' || kind, jsonb_build_object('what', 'saved', 'urgent', urgent)
    from copied cross join unnest(array['email', 'webhook']) as kind
)
insert into message_events (id, message_id, at, who, what, detail)
select gen_random_uuid(), $1, $6, $7, 'forwarded', $8::text::jsonb from copied
union all
select gen_random_uuid(), id, $6, $7, 'saved', $8::text::jsonb from copied
returning id

-- set_order --
-- $1: an extension, $2: whether the newest message is heard first.
insert into mailboxes (extension, newest_first) values ($1, $2)
on conflict (extension) do update set newest_first = excluded.newest_first

-- note_mailbox --
-- $1: an extension, $2: now, $3: who, $4: what, $5: detail.
insert into mailbox_events (id, extension, at, who, what, detail)
values (gen_random_uuid(), $1, $2, $3, $4, $5::text::jsonb)

-- tell_owner --
-- $1: an extension, $2: its person or null, $3: what happened, $4: now, $5: a key that is the same for the same thing.
insert into outbox (kind, idempotency_key, payload)
values ('email', $5, jsonb_build_object('what', $3::text, 'extension', $1::text, 'person', $2::text, 'at', $4::timestamptz))
on conflict (idempotency_key) do nothing

-- one_at_a_time --
-- PINs are counted one after the other, until the transaction ends.
select pg_advisory_xact_lock(hashtext('mailbox_tries'))

-- tries --
-- $1: an extension, $2: a caller's number, $3: since when. Wrong ones; a mailbox's since the last right one.
select
    count(*) filter (
        where extension = $1 and id > coalesce(
            (select max(id) from mailbox_tries where extension = $1 and is_right and at > $3), 0
        )
    ) as of_mailbox,
    count(*) filter (where caller = $2) as of_caller,
    count(*) as of_all,
    array_agg(distinct extension) as extensions
from mailbox_tries where at > $3 and not is_right

-- pin --
-- $1: an extension.
select pin_hash, locked_until from mailboxes where extension = $1

-- begin_try --
-- $1: an extension, $2: now, $3: a caller's number, $4: the call.
insert into mailbox_tries (extension, at, caller, call_id) values ($1, $2, $3, $4) returning id

-- was_right --
-- $1: a try.
update mailbox_tries set is_right = true where id = $1

-- lock --
-- $1: an extension, $2: until when.
insert into mailboxes (extension, locked_until) values ($1, $2)
on conflict (extension) do update set locked_until = excluded.locked_until

-- unlock --
-- $1: an extension, $2: now. A row if it was locked.
update mailboxes set locked_until = null where extension = $1 and locked_until > $2 returning extension

-- forgive --
-- $1: an extension, $2: now. Its wrong PINs so far count no more, those of whoever tried them do.
insert into mailbox_tries (extension, at, caller, is_right)
select $1, $2, '', true where exists (select from mailbox_tries where extension = $1 and not is_right)

-- set_pin --
-- $1: an extension, $2: the hash, null for none, $3: now.
insert into mailboxes (extension, pin_hash, pin_set_at) values ($1, $2, $3)
on conflict (extension) do update set pin_hash = excluded.pin_hash, pin_set_at = excluded.pin_set_at

-- greetings --
-- $1: a person, null for all. Greetings in their own voice.
select person, kind, content, seconds from mailbox_greetings where person = $1 or $1 is null

-- set_greeting --
-- $1: a person, $2: the kind, $3: WAV, $4: seconds, $5: now.
insert into mailbox_greetings (person, kind, content, seconds, recorded_at) values ($1, $2, $3, $4, $5)
on conflict (person, kind) do update set
    content = excluded.content, seconds = excluded.seconds, recorded_at = excluded.recorded_at

-- drop_greeting --
-- $1: a person, $2: the kind.
delete from mailbox_greetings where person = $1 and kind = $2

-- all_mailboxes --
-- Every mailbox of which something is set, and whether it is locked; $1: now.
select
    extension, pin_hash is not null as has_pin, pin_set_at,
    coalesce(locked_until > $1, false) as is_locked, locked_until
from mailboxes order by extension

-- events --
-- $1: an extension, $2: at most so many. What happened to its mailbox, the latest first.
select at, who, what, detail from mailbox_events where extension = $1 order by at desc, id desc limit $2
