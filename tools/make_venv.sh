#!/bin/sh
# Make or bring up to date the virtual environment .venv from a lock with hashes: `make_venv.sh run|dev`.
# A stamp in .venv holds the lock's hash: the same lock again costs nothing and needs no network.
# Nothing in .venv is started by its console scripts (they name this folder and break when it is moved),
# only as `.venv/bin/python -m …`.
set -eu
cd "$(dirname "$0")/.."
kind=$1
case $kind in
    run) lock=requirements.txt ;;
    dev) lock=requirements-dev.txt ;;
    *) echo "usage: make_venv.sh run|dev" >&2; exit 2 ;;
esac

sha() { "$1" -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],"rb").read()).hexdigest())' "$2"; }

python=.venv/bin/python
if [ -x $python ] && [ "$(cat ".venv/.lock-$kind" 2>/dev/null)" = "$(sha $python $lock 2>/dev/null)" ]; then
    exit 0
fi

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 \
            && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed and none was found; name one: make PYTHON=/path/to/python3" >&2
    return 1
}

uv=$(command -v uv || true)
# Half made (a kill in the middle), or made by uv without pip where uv has gone since: begin anew.
if ! { [ -x $python ] && { [ -n "$uv" ] || $python -m pip --version; }; } >/dev/null 2>&1; then
    base=$(find_python)
    echo "making .venv with $base"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --clear --no-project --python "$base" .venv
    else
        "$base" -m venv --clear .venv || {
            echo "python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)" >&2
            exit 1
        }
    fi
fi
rm -f .venv/.lock-run .venv/.lock-dev
echo "installing $lock (the first time: a few minutes)"
# The lock is whole, so nothing is resolved again; pip up to 23.2 would also stumble over extras in hash mode.
if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python $python --no-deps --require-hashes --requirement $lock
else
    $python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --requirement $lock
fi

# The package itself is imported from here, by a path relative to site-packages: the folder may be moved.
site=$($python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo '../../../..' > "$site/opinion_warehouse.pth"
cat > .venv/bin/opinion <<'END'
#!/bin/sh
# The command `opinion`; finds its environment beside itself, wherever that is now.
exec "$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)/python" -P -m opinion_warehouse "$@"
END
chmod +x .venv/bin/opinion
# What developers need holds what the warehouse runs on.
sha $python requirements.txt > .venv/.lock-run
if [ "$kind" = dev ]; then sha $python requirements-dev.txt > .venv/.lock-dev; fi
