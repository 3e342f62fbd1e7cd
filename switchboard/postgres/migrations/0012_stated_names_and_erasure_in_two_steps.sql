-- Names that callers stated are kept and erased as recorded conversations are; and what is erased is marked first, so
-- that whatever breaks off in between, nothing counts as erased that lies there, and somebody goes on.

alter table recordings
    add column kind text not null default 'conversation' check (kind in ('conversation', 'stated name')),
    add column erased_by text not null default '',
    add column erased_why text not null default '';

alter table recordings drop constraint recordings_state_check;
alter table recordings add constraint recordings_state_check
    check (state in ('kept', 'missing', 'erasing', 'erased'));

comment on column recordings.state is
    'erasing: by whom and why is known, its file may still lie there; nobody hears it any more.';

create index recordings_being_erased on recordings (id) where state = 'erasing';
create index call_events_of_stated_names on call_events (at) where kind = 'name_stated';
