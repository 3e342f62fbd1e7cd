-- try_lock --
-- Whether we hold the lock $1 from now until the connection ends.
select pg_try_advisory_lock($1)

-- known_files --
-- Which of the contents $1 (text[]) are here.
select sha256
from configuration_files
where sha256 = any($1::text[])

-- keep_file --
-- Keep the content $2, whose hash is $1.
insert into configuration_files (sha256, content)
values ($1, $2)
on conflict do nothing

-- keep_version --
-- Keep the version $1 with the manifest $2; its files are here.
insert into configuration_versions (version, manifest)
values ($1, $2::jsonb)
on conflict do nothing

-- manifest --
-- The files of the version $1.
select manifest
from configuration_versions
where version = $1

-- file --
-- The content whose hash is $1.
select content
from configuration_files
where sha256 = $1

-- versions_beginning --
-- Versions that begin with $1, which holds no % or _. Two suffice to tell that it is not unique.
select version
from configuration_versions
where version like $1 || '%'
order by version
limit 2

-- note_publication --
-- Note a publication: id $1, at $2, version $3, was $4, who $5, why $6, kind $7. Once, however often it is told.
insert into publications (id, at, version, was, who, why, kind)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing

-- publications --
-- The newest publications, newest first, at most $1.
select id, at, version, was, who, why, kind
from publications
order by at desc, id desc
limit $1

-- last_publication --
-- How the version $1 became live last.
select id, at, version, was, who, why, kind
from publications
where version = $1
order by at desc, id desc
limit 1
