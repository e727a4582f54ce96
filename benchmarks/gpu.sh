#!/usr/bin/env bash
# Everything to do on a machine with one GPU, in ten minutes. All figures end up in one folder.
#
#     benchmarks/gpu.sh [FOLDER]         # default: training/gpu
#     CPU=1 benchmarks/gpu.sh [FOLDER]   # tries all steps on a CPU, with few texts
#
# PYTHON is the interpreter of an environment with this package, torch for CUDA, cupy and the
# extras [test,benchmarks]. SPACY_MTL_DATA is the folder of the corpora. A step that fails doesn't
# stop the others, but the script then ends with an error and names it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

PYTHON="${PYTHON:-.venv/bin/python}"
if ! command -v "$PYTHON" > /dev/null; then
    echo "There is no $PYTHON. Set PYTHON to the interpreter of an environment with spacy-mtl." >&2
    exit 1
fi
mkdir -p "${1:-training/gpu}" || exit 1
FOLDER="$(cd "${1:-training/gpu}" && pwd)"
rm -f "$FOLDER"/*.txt "$FOLDER/speed.jsonl"
export SPACY_MTL_RESULTS="$FOLDER"
export TOKENIZERS_PARALLELISM=true
WORK="$FOLDER/work"

if [ -n "${CPU:-}" ]; then
    export SPACY_MTL_TRY_GPU_TESTS_ON_CPU=1
    machine=(--cpu)
    device=(--bf16 --threads 1)
    # A CPU is slow, and may have other work.
    patience=10
    test_texts=(--limit 6 --turns 1)
    train_texts=(--limit 6 --turns 1)
else
    machine=()
    device=(--gpu)
    patience=1
    test_texts=(--turns 5)
    train_texts=(--limit 200 --turns 5)
fi

failed=()

# step NAME SECONDS COMMAND...: run a command with a time limit, and keep its output.
step() {
    local name="$1" limit=$(($2 * patience))
    shift 2
    echo "== $name: $*"
    local begun=$SECONDS
    if timeout "$limit" "$@" 2>&1 | tee "$FOLDER/$name.txt"; then
        echo "== $name: done in $((SECONDS - begun)) s"
    else
        echo "== $name: FAILED after $((SECONDS - begun)) s (limit $limit s)"
        failed+=("$name")
    fi
}

speed() {
    local name="$1" limit="$2" what="$3"
    shift 3
    step "$name" "$limit" "$PYTHON" -m benchmarks.speed "$what" "${device[@]}" --work "$WORK" "$@"
}

step machine 60 "$PYTHON" -m benchmarks.gpu_machine "${machine[@]}"
if [ ${#failed[@]} -gt 0 ]; then
    echo "The set-up is not complete: see above. Nothing was measured." >&2
    exit 1
fi
step tests 240 "$PYTHON" -m pytest -q -m gpu -p no:cacheprovider tests
speed inference-gum 120 inference --corpus gum "${test_texts[@]}"
speed inference-snips 90 inference --corpus snips "${test_texts[@]}"
speed training-gum 120 training --corpus gum "${train_texts[@]}"
speed attention 60 attention --corpus gum "${test_texts[@]}"
speed pieces 120 pieces --corpus gum "${test_texts[@]}"

echo
echo "Everything is in $FOLDER, after $SECONDS s"
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}" >&2
    exit 1
fi
