#!/bin/bash
# Run once by the PostGIS image when its data folder is new: roles, rights and the passwords of the three logins.
set -euo pipefail
: "${LOADER_PASSWORD:?}" "${READER_PASSWORD:?}" "${SUBMITTER_PASSWORD:?}"
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --file "${ROLES_SQL:-/territoire/roles.sql}"
# Passwords pass through psql's variables: no quote in them can end the statement.
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv loader LOADER_PASSWORD
\getenv reader READER_PASSWORD
\getenv submitter SUBMITTER_PASSWORD
set log_statement = 'none';
alter role loader password :'loader';
alter role reader password :'reader';
alter role submitter password :'submitter';
SQL
