-- What became of what was sent because of a message, and whether somebody tried to write down what was said in it.

alter table outbox
    add column outcome text check (outcome in ('sent', 'addressed', 'refused', 'given_up', 'nobody')),
    add constraint outcome_is_for_good check (outcome is null or done_at is not null);

comment on column outbox.outcome is
    'sent: the other side took it. addressed: one row for each receiver took its place. refused, given_up: in vain.';

alter table messages add column transcription_tried_at timestamptz;

create index messages_to_write_down on messages (recorded_at)
    where transcript is null and transcription_tried_at is null and erased_at is null and filed_at is not null;
create index messages_to_erase on messages (kind, recorded_at) where erased_at is null;

alter table message_events drop constraint message_events_what_check;
alter table message_events add constraint message_events_what_check check (
    what in (
        'saved', 'heard', 'assigned', 'taken', 'released', 'done', 'reopened', 'forwarded', 'called_back', 'exported',
        'escalated', 'transcribed', 'sent', 'undelivered', 'erased'
    )
);
