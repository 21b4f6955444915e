#!/bin/sh
# Run once by the postgres image, in an empty volume: the role and the database that open-city-vms works with. The role
# is an ordinary one, for a superuser passes by row level security, which keeps the cities apart.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --no-psqlrc --set ON_ERROR_STOP=1 \
  --set password="$VMS_POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE vms LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE vms OWNER vms;
SQL
