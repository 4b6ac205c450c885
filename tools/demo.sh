#!/bin/bash
# Serves the platform on http://localhost:8000 with a sample project in which a network learns.
#   tools/demo.sh [PORT]
# The first time it draws a dataset, makes a demo account through the API, uploads the dataset and
# starts a training job; later it only serves what is there.  Everything lies in build/demo.
# Ctrl-C ends it: a running job writes its checkpoint and can be resumed.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${1:-8000}
url=http://localhost:$port
bin=build/release/bin
data=build/demo/data
mkdir -p "$data"

say() { printf '%s\n' "$*"; }

# call METHOD PATH [curl options...]: the answer's body; an error is shown and ends the demo.
call() {
    local method=$1 path=$2 answer
    shift 2
    if ! answer=$(curl -sS --fail-with-body -X "$method" "$url$path" "$@"); then
        say "demo: $method $path failed: $answer" >&2
        return 1
    fi
    printf '%s' "$answer"
}

json=(-H 'Content-Type: application/json')

wait_for_server() {
    for _ in $(seq 100); do
        curl -sf "$url/health" >/dev/null && return
        kill -0 "$server" 2>/dev/null || { say "demo: the server has ended, see build/demo/server.log:" >&2
            cat build/demo/server.log >&2; exit 1; }
        sleep 0.1
    done
    say "demo: the server does not answer on $url" >&2
    exit 1
}

# The link that a new server prints makes the first account, an administrator.
make_account() {
    local password token
    password=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
    token=$(sed -n 's/.*setup?token=\([0-9a-f]*\).*/\1/p' build/demo/server.log | tail -1)
    (umask 077 && jq -n --arg p "$password" \
        '{email: "demo@example.com", password: $p, full_name: "Demo"}' >build/demo/account.json.new)
    call POST /api/v1/setup "${json[@]}" \
        -d "$(jq --arg t "$token" '. + {token: $t}' build/demo/account.json.new)" >/dev/null
    mv build/demo/account.json.new build/demo/account.json
}

login() {
    local token
    token=$(call POST /api/v1/auth/login "${json[@]}" -d "$(jq '{email, password}' build/demo/account.json)" |
        jq -r .access_token)
    auth=(-H "Authorization: Bearer $token")
}

make_project() {
    local project dataset job
    say "demo: drawing a dataset of 4 classes"
    rm -rf build/demo/sample
    "$bin/fovea" dataset sample build/demo/sample --num_classes 4 --train 400 --val 50 \
        --image_size 96 >/dev/null
    tar -C build/demo -cf build/demo/sample.tar sample
    project=$(call POST /api/v1/projects "${auth[@]}" "${json[@]}" \
        -d '{"name":"Drawn shapes","description":"A sample project: shapes drawn by the platform itself"}' |
        jq .id)
    say "demo: uploading it to project $project"
    dataset=$(call POST /api/v1/datasets "${auth[@]}" -F name="Drawn shapes" -F format=imagefolder \
        -F project_id="$project" -F files=@build/demo/sample.tar | jq -r .id)
    job=$(jq -n --argjson project "$project" --arg dataset "$dataset" \
        '{project_id: $project, experiment_name: "ResNet-18 on drawn shapes", tags: ["sample"],
          config: {framework: "timm", model_name: "resnet18", task_type: "image_classification",
                   dataset_id: $dataset, dataset_format: "imagefolder", epochs: 20, batch_size: 16,
                   learning_rate: 0.001, advanced_config: {image_size: 64, ema: true, ema_decay: 0.998,
                       label_smoothing: 0.1, optimizer: {type: "adamw", weight_decay: 0.05},
                       scheduler: {type: "cosine", warmup_epochs: 2},
                       augmentation: {random_flip: true, random_crop: false}}}}' |
        call POST /api/v1/training/jobs "${auth[@]}" "${json[@]}" -d @- | jq .id)
    call POST "/api/v1/training/jobs/$job/start" "${auth[@]}" >/dev/null
    echo "$job" >build/demo/made
}

if curl -sf "$url/health" >/dev/null; then
    say "demo: something answers on $url already; stop it, or give another port: tools/demo.sh PORT" >&2
    exit 1
fi
"$bin/fovea" serve --data "$data" --port "$port" --quiet >build/demo/server.log 2>&1 &
server=$!
trap 'kill -INT $server 2>/dev/null || true' INT TERM
wait_for_server
[ -e build/demo/account.json ] || make_account
login
[ -e build/demo/made ] || make_project
say ""
job=$(cat build/demo/made)
say "  Fovea        $url"
say "  log in as    $(jq -r .email build/demo/account.json), password $(jq -r .password build/demo/account.json)"
say "  look at      $url/training/${job:-1}, where a ResNet-18 learns (some minutes)"
say "  the API      $url/docs"
say "  its log      build/demo/server.log"
say "  everything   $data (remove build/demo to begin anew)"
say "  Ctrl-C stops it; a running job writes its checkpoint first"
say ""
until wait "$server"; do # a signal ends the waiting, not the server
    kill -0 "$server" 2>/dev/null || break
done
