-- insert_events --
-- $1: JSON array of events as the ledger has them. One that is there already stays as it is.
insert into call_events (event_id, call_id, at, kind, data)
select event_id, call_id, at, kind, data
from json_populate_recordset(null::call_events, $1::text::json)
on conflict (event_id) do nothing

-- events_of_calls --
-- All events of the calls $1 (uuid[]), to derive their rows from.
select call_id, event_id, at, kind, data
from call_events
where call_id = any($1::uuid[])

-- upsert_calls --
-- $1: JSON array of rows derived from events. A row that is the same already is not written again.
insert into calls as old (
    id, state, started_at, number, caller_number, caller_name, answered_at, ended_at, language, flow, flow_version,
    disposition, hangup_cause, ended_by, answered_extension, answered_name, talk_seconds, last_step, message_count,
    safety_net, linkedid, irregularities
)
select
    id, state, started_at, number, caller_number, caller_name, answered_at, ended_at, language, flow, flow_version,
    disposition, hangup_cause, ended_by, answered_extension, answered_name, talk_seconds, last_step, message_count,
    safety_net, linkedid, irregularities
from json_populate_recordset(null::calls, $1::text::json)
on conflict (id) do update set
    state = excluded.state,
    started_at = excluded.started_at,
    number = excluded.number,
    caller_number = excluded.caller_number,
    caller_name = excluded.caller_name,
    answered_at = excluded.answered_at,
    ended_at = excluded.ended_at,
    language = excluded.language,
    flow = excluded.flow,
    flow_version = excluded.flow_version,
    disposition = excluded.disposition,
    hangup_cause = excluded.hangup_cause,
    ended_by = excluded.ended_by,
    answered_extension = excluded.answered_extension,
    answered_name = excluded.answered_name,
    talk_seconds = excluded.talk_seconds,
    last_step = excluded.last_step,
    message_count = excluded.message_count,
    safety_net = excluded.safety_net,
    linkedid = excluded.linkedid,
    irregularities = excluded.irregularities
where old.* is distinct from excluded.*

-- insert_messages --
-- $1: JSON array of recorded messages. One that is there already stays as it is: it may have been heard since. With a
-- new one comes what is to be sent because of it, and the first line of its history.
with told as (
    select * from json_populate_recordset(null::messages, $1::text::json)
),
added as (
    insert into messages (
        id, call_id, recorded_at, seconds, file, sha256, kind, caller_number, caller_name, client_code, client_name,
        person, department, language, urgent, level, call_back, parts, deadline
    )
    select
        told.id, told.call_id, told.recorded_at, told.seconds, told.file, told.sha256,
        coalesce(told.kind, 'safety_net'), coalesce(calls.caller_number, ''), coalesce(calls.caller_name, ''),
        client.data ->> 'code', client.data ->> 'name', told.person, told.department, coalesce(told.language, calls.language),
        coalesce(told.urgent, false), told.level, coalesce(told.call_back, ''), coalesce(told.parts, '[]'),
        told.deadline
    from told left join calls on calls.id = told.call_id
    left join lateral (
        select data from call_events where call_id = told.call_id and kind = 'client' order by at limit 1
    ) as client on true
    on conflict (id) do nothing
    returning id, recorded_at, urgent
),
to_send as (
    insert into outbox (message_id, kind, idempotency_key, payload)
    select id, kind, 'message:' || id || ':saved:' || kind, jsonb_build_object('what', 'saved', 'urgent', urgent)
    from added cross join unnest(array['email', 'webhook']) as kind
    on conflict (idempotency_key) do nothing
)
insert into message_events (id, message_id, at, who, what)
select gen_random_uuid(), id, recorded_at, 'caller', 'saved' from added

-- block_callers --
-- $1: JSON array of numbers that were blocked at desk phones. One that is listed already stays as it is.
insert into screening_list (pattern, kind, why, who, at, call_id)
select pattern, 'block', why, who, at, call_id
from json_populate_recordset(null::screening_list, $1::text::json)
on conflict (pattern) do nothing

-- upsert_callbacks --
-- $1: JSON array of callbacks, each once, as events tell of them. Of what is known and what comes the later revision counts.
insert into callbacks as old (
    id, queue, number, asked_by, name, called, language, call_id, since, priority, promised_at, deadline, not_before,
    state, attempts, last, revision, changed_at
)
select
    id, queue, number, asked_by, name, called, language, call_id, since, priority, promised_at, deadline, not_before,
    state, attempts, last, revision, changed_at
from json_populate_recordset(null::callbacks, $1::text::json)
on conflict (id) do update set
    state = excluded.state,
    not_before = excluded.not_before,
    attempts = excluded.attempts,
    last = excluded.last,
    revision = excluded.revision,
    changed_at = excluded.changed_at
where old.revision < excluded.revision

-- notify_calls --
-- Tell listeners on the channel `calls` that something changed, once the transaction commits.
select pg_notify('calls', '')
