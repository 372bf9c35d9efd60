#!/bin/sh
# Build and verify the TensorRT plans that this GPU lacks, then work. What is there is not built again.
# A plan that cannot be built or does not keep its tolerance is no reason to stop: the worker's log
# says which back end it took instead.
set -u
# Process 1 of a container heeds no signal that it does not ask for.
trap '[ -z "${!-}" ] || { kill "$!"; wait "$!"; }; exit 143' TERM INT
senoscope engines build --all --device cuda:0 &
wait "$!" || echo "not every plan could be built: see above" >&2
trap - TERM INT
exec senoscope worker --device cuda:0 "$@"
