#!/bin/sh
# Make every secret of docker-compose.yml in a folder, once: a file that is there is left as it is.
# The files belong to the services' account (uid 50000; the database's own to 999) and nobody else reads them.
set -eu
folder=${1:?usage: make-secrets.sh FOLDER}
umask 077
mkdir -p "$folder"
random() { head -c 32 /dev/urandom; }
make() { [ -e "$folder/$1" ] || cat > "$folder/$1"; }
url_safe() { base64 | tr '+/' '-_' | tr -d '\n'; }
for name in postgres_password airflow.password loader.password transformer.password gate.password \
    publisher.password bi_reader.password erasure.password airflow_fernet_key airflow_jwt_secret airflow_session_key; do
    random | url_safe | make "$name"
done
for name in key.hmac store.key; do random | od -An -v -tx1 | tr -d ' \n' | make "$name"; done
printf '# one Apprise URL a line, such as mailto://… or tgram://…\n' | make notify.urls
if [ "$(id -u)" = 0 ]; then
    chown 50000:50000 "$folder" "$folder"/*
    chmod 0711 "$folder"
    # Both the database and the migration read this one.
    chown 999:50000 "$folder/postgres_password"
    chmod 0640 "$folder/postgres_password"
fi
echo "secrets in $folder; keep a copy of key.hmac and store.key elsewhere: without them the data are lost"
