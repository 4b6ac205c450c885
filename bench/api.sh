#!/bin/bash
# Requests per second of the experiment list, beside FastAPI: the same rows, token and load.
#   bench/api.sh BASELINES [SECONDS]     BASELINES is the folder with compare.sh
# Needs wrk, sqlite3 and the Python packages that BASELINES names.  100,000 jobs in 5,000 projects; each
# request asks for another project; the token is checked and the access log is on (into a file).
set -euo pipefail
cd "$(dirname "$0")/.."
baselines=$1 seconds=${2:-5} port=8110
export W=${W:-$HOME/fovea-bench}
export JWT_SECRET=bench-secret-bench-secret-bench-secret
mkdir -p "$W"
[ -f "$W/bench.db" ] || /usr/bin/python3 "$baselines/make_db.py" "$W/bench.db"

# Our own schema, filled with the rows of theirs.
data=$W/fovea-data
rm -rf "$data"
mkdir -p "$data"
timeout 2 build/release/bin/fovea serve --data "$data" --port 0 --no_trainer --quiet >/dev/null || true
sqlite3 "$data/vision_platform.db" "
ATTACH '$W/bench.db' AS theirs;
INSERT INTO users (id, email, hashed_password, full_name, system_role, is_active)
    SELECT id, email, hashed_password, full_name, 'standard_engineer', is_active FROM theirs.users;
INSERT INTO projects (id, name, description, user_id, created_at, updated_at)
    SELECT id, name, description, user_id, created_at, updated_at FROM theirs.projects;
INSERT INTO training_jobs (id, project_id, user_id, model_name, framework, task_type, status, dataset_path, epochs,
        batch_size, learning_rate, accuracy, loss, created_at, updated_at, started_at, completed_at, error_message)
    SELECT id, project_id, 1, model_name, framework, task_type, status, dataset_path, epochs, batch_size, learning_rate,
        accuracy, loss, created_at, updated_at, started_at, completed_at, error_message FROM theirs.training_jobs
        WHERE status <> 'running'
    UNION ALL SELECT id, project_id, 1, model_name, framework, task_type, 'completed', dataset_path, epochs, batch_size,
        learning_rate, accuracy, loss, created_at, updated_at, started_at, completed_at, error_message
        FROM theirs.training_jobs WHERE status = 'running';
ANALYZE;"

"$baselines/compare.sh" "$seconds" "$PWD/build/release/bin/fovea serve --data $data --port $port --no_trainer" "$port"
