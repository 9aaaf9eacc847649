#!/bin/sh
# Secrets come as files; only this process and its children get them, and no image layer or compose file has them.
set -eu
secret() { tr -d '\r\n' < "/run/secrets/$1"; }
encoded() { python -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.stdin.read().strip(), safe=""), end="")' < "/run/secrets/$1"; }

database="${OPINION_DB_HOST:?}:${OPINION_DB_PORT:?}/${OPINION_DB_NAME:?}"
OPINION_DSN="postgresql://opinion_admin:$(encoded postgres_password)@$database"
AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql+psycopg2://airflow:$(encoded airflow.password)@${database}_airflow"
AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC="postgresql+asyncpg://airflow:$(encoded airflow.password)@${database}_airflow"
AIRFLOW__CORE__FERNET_KEY=$(secret airflow_fernet_key)
AIRFLOW__API_AUTH__JWT_SECRET=$(secret airflow_jwt_secret)
AIRFLOW__API__SECRET_KEY=$(secret airflow_session_key)
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC \
    AIRFLOW__CORE__FERNET_KEY AIRFLOW__API_AUTH__JWT_SECRET AIRFLOW__API__SECRET_KEY

case $1 in
    migrate)
        # Roles, migrations and grants need the administrator; nothing else gets to see that password.
        export OPINION_DSN
        python -m opinion_warehouse.database up > /dev/null  # it prints the DSN
        exec python -m airflow db migrate
        ;;
    *)
        # The tasks log in as their own roles; the DSN only says where.
        OPINION_DSN="postgresql://$database"
        export OPINION_DSN
        exec python -m airflow "$@"
        ;;
esac
