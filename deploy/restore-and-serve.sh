#!/bin/sh
# Serve an index from a backup, where the home folder is empty at each start, or has what an earlier start left:
#
#   restore-and-serve FILE [OPTION OF evoke serve]...
set -eu
backup=$1
shift
if [ -e "$EVOKE_HOME/store.sqlite3" ]; then
    evoke restore "$backup" --replace
else
    evoke restore "$backup"
fi
exec evoke serve --host 0.0.0.0 --port "${PORT:-8000}" "$@"
