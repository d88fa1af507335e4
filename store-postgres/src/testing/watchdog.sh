# Stops a server and removes its directory when the owner of the pipe on the
# standard input has ended. Each line of the pipe names the process to stop from
# then on; an empty line says that none runs.
trap '' INT TERM HUP
dir=$1
id=
while read -r line; do id=$line; done

runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
nap() { sleep 0.05 2>/dev/null || sleep 1; }

tries=0
while [ -n "$id" ]; do
  # The server itself may be a child of the process that was named.
  server=
  [ -s "$dir/data/postmaster.pid" ] && read -r server <"$dir/data/postmaster.pid"
  running=
  for process in $server $id; do
    runs "$process" && running="$running $process"
  done
  [ -n "$running" ] || break
  # QUIT is PostgreSQL's immediate shutdown: what it could save is thrown away.
  signal=QUIT
  [ "$tries" -lt 160 ] || signal=KILL
  [ "$tries" -lt 200 ] || break
  for process in $running; do kill -s "$signal" "$process" 2>/dev/null; done
  tries=$((tries + 1))
  nap
done

tries=0
while rm -rf "$dir" 2>/dev/null; [ -e "$dir" ] && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  nap
done
