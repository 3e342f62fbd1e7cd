-- Who wants to be asked for the PIN at their own phone says so in people.yaml.

alter table mailboxes drop column asks_at_desk;
