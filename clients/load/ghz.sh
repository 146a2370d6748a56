#!/bin/sh
# Calls Evaluate of a server with ghz, another load generator: `clients/load/ghz.sh HOST:PORT [FLAGS OF GHZ]`.
#
# ghz learns the messages from the server (reflection). Its loop is closed: latencies are those of callers who wait.
# The first run builds ghz, which needs Go, into $GHZ_FOLDER (default target/load).
set -eu
version=v0.93.0
here="$(cd "$(dirname "$0")" && pwd)"
folder="${GHZ_FOLDER:-$here/../../target/load}/ghz-$version"
address="$1"
shift
if [ ! -x "$folder/ghz" ]; then
  mkdir -p "$folder"
  GOBIN="$(cd "$folder" && pwd)" go install "github.com/bojand/ghz/cmd/ghz@$version"
fi
exec "$folder/ghz" --insecure --call evald.v1.EvaluationService.Evaluate --data-file "$here/ghz-request.json" "$@" "$address"
