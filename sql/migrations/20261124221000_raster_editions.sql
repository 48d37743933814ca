-- migrate:up

-- The edition before the current one, for `territoire etl rollback`: its declaration and its description.
alter table etl.layers add column previous jsonb;
-- What a rollback took back: the same source is not published again until it changes.
alter table etl.layers add column held text;

-- migrate:down

alter table etl.layers drop column held;
alter table etl.layers drop column previous;
