#!/usr/bin/env bash
# Resolve pyproject.toml anew and write requirements/*.lock: exact versions for every platform and
# Python >= 3.11. Run by `make lock`; review the difference before committing it.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || .venv/bin/pip install -qq uv

compile() { # NAME EXTRA...: write requirements/NAME.lock; what cpu.lock has keeps its version
    local name=$1 extra options=()
    shift
    for extra in "$@"; do options+=(--extra "$extra"); done
    case $name in
    cpu) ;;
    image*) options+=(--constraints requirements/dev.lock --generate-hashes) ;;
    *) options+=(--constraints requirements/cpu.lock) ;;
    esac
    "$uv" pip compile pyproject.toml "${options[@]}" --universal --python-version 3.11 \
        --no-header --no-annotate --quiet --upgrade
}

write() { # NAME: put standard input under a heading into requirements/NAME.lock
    { printf '# Written by make lock from pyproject.toml. %s\n' "$2" && cat; } >"requirements/$1.lock.new"
    mv "requirements/$1.lock.new" "requirements/$1.lock"
}

compile cpu cpu | write cpu "What the node needs on a CPU."
compile dev cpu postgresql s3 otel docs dev | write dev "What the tests and checks need: cpu.lock and more."
# torch stands alone: PyPI's Linux wheel wants some GB of CUDA packages, a CPU wheel wants none of
# them, and a lock cannot say "whichever". pip adds what the wheel it finds asks for.
compile train cpu train | grep -vE '^(nvidia|cuda|triton)' |
    { grep -vxFf <(grep -v '^#' requirements/cpu.lock) || true; } |
    write train "What training needs beyond cpu.lock; torch brings its own CUDA packages, if any."
# With hashes: images are built elsewhere, from what these lines name and nothing else.
compile image cpu postgresql s3 otel | write image "What the image for CPUs holds."
compile image-gpu cpu gpu postgresql s3 otel |
    write image-gpu "What the image for GPUs holds; TensorRT's library fetches itself from NVIDIA."
