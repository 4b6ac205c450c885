#!/usr/bin/python3
"""Does a page of a long list, or a chart of a long series, cost more than a short one?

    python3 bench/scale.py --fovea build/release/bin/fovea [--data FOLDER] [--out FILE]

Fills a database by SQL (about two minutes and 2 GB; --data keeps it for the next time), starts
`fovea serve` on it, and sends requests one at a time over one connection, alternating between what
is compared.  Medians are compared, because a machine that does something else moves the rest.
"""
import argparse
import datetime
import http.client
import json
import os
import platform
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

JOBS_MANY, JOBS_FEW = 1_000_000, 100
POINTS = (1_000, 8_000, 16_000, 100_000, 1_000_000, 10_000_000)
LEVEL_BITS, LEVELS = 4, 6  # as in src/app/jobs/job_series.c
PEAK = 1234.5
ACCOUNT = {'email': 'bench@example.com', 'password': 'long enough 1'}


# --- a database -------------------------------------------------------------------------------

def numbers(first, last):
    return (f'WITH RECURSIVE n(x) AS (SELECT {first} UNION ALL SELECT x + 1 FROM n '
            f'WHERE x < {last}) ')


def add_jobs(db, project_id, count):
    """Most are completed; a few stopped, as rare a status as one may filter by."""
    db.execute(numbers(1, count) + """
        INSERT INTO training_jobs (project_id, user_id, experiment_name, framework, model_name,
            task_type, dataset_path, epochs, batch_size, learning_rate, status, accuracy, loss,
            current_epoch, advanced_config, output_dir, created_at, updated_at, started_at,
            completed_at)
        SELECT ?, 1, printf('%s run %d', CASE x % 4 WHEN 0 THEN 'cats' WHEN 1 THEN 'flowers'
            WHEN 2 THEN 'parts' ELSE 'birds' END, x * 7919 % 1000003), 'timm',
            CASE x % 3 WHEN 0 THEN 'resnet18' WHEN 1 THEN 'resnet50' ELSE 'efficientnet_b0' END,
            'image_classification', '/data/set', 30, 32, 0.001,
            CASE WHEN x % (? / 10) = 0 THEN 'stopped' WHEN x % 20 = 1 THEN 'failed'
            WHEN x % 50 = 2 THEN 'pending' ELSE 'completed' END,
            CASE WHEN x % 20 = 1 OR x % 50 = 2 THEN NULL ELSE (x * 7919 % 10007) / 10007.0 END,
            0.5, 30, '{"augmentation":{"mixup":true},"scheduler":{"name":"cosine"}}', '',
            1700000000000000 + x * 1000000, 1700000000000000 + x * 1000000, NULL, NULL FROM n""",
               (project_id, count))


def add_series(db, job_id, count):
    """A walk with one peak; and the levels that the server would have made of it."""
    cursor = db.execute("INSERT INTO metric_series (job_id, name, axis) VALUES (?, 'step_loss', "
                        "'step')", (job_id,))
    series = cursor.lastrowid
    peak = random.randrange(count)
    db.execute(numbers(0, count - 1) + """
        INSERT INTO metric_points (series_id, level, bucket, minimum, maximum, last)
        SELECT ?, 0, x, v, v, v FROM (SELECT x, CASE WHEN x = ? THEN ? ELSE
            2 + sin(x * 0.001) + (x * 7919 % 1009) / 1009.0 END AS v FROM n)""",
               (series, peak, PEAK))
    for level in range(1, LEVELS + 1):
        # The bare column beside max(bucket) is that of the last row.
        db.execute("""INSERT INTO metric_points (series_id, level, bucket, minimum, maximum, last)
            SELECT series_id, ?, bucket >> ?, min(minimum), max(maximum), last FROM
            (SELECT series_id, bucket, minimum, maximum, last FROM metric_points
             WHERE series_id = ? AND level = ?) GROUP BY bucket >> ?""",
                   (level, LEVEL_BITS, series, level - 1, LEVEL_BITS))


def fill(path):
    """Rows as a person's SQL would put them: the triggers count them."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('PRAGMA synchronous = OFF')
    db.execute('PRAGMA cache_size = -400000')
    db.execute('BEGIN')
    db.execute("INSERT INTO users (email, hashed_password, full_name, system_role) "
               "SELECT 'nobody@example.com', 'x', 'Nobody', 'standard_engineer'")
    for project_id, count in ((1, JOBS_MANY), (2, JOBS_FEW)):
        db.execute("INSERT INTO projects (id, name, user_id) VALUES (?, ?, 1)",
                   (project_id, f'{count} jobs'))
        add_jobs(db, project_id, count)
    db.execute("INSERT INTO projects (id, name, user_id) VALUES (3, 'charts', 1)")
    for count in POINTS:
        job = db.execute("INSERT INTO training_jobs (project_id, user_id, experiment_name, "
                         "framework, model_name, task_type, status) VALUES (3, 1, ?, 'timm', "
                         "'resnet18', 'image_classification', 'completed')",
                         (f'{count} points',)).lastrowid
        add_series(db, job, count)
    db.execute('COMMIT')
    db.close()


# --- a server ---------------------------------------------------------------------------------

class Server:
    def __init__(self, fovea, data):
        self.process = subprocess.Popen(
            [fovea, 'serve', '--data', data, '--port', '0', '--no_trainer'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port, self.token = None, None
        for line in self.process.stdout:
            found = re.search(r' on http:\S*:(\d+)', line)
            if found:
                self.port = int(found.group(1))
                break
        if not self.port:
            raise SystemExit('the server did not start')
        os.set_blocking(self.process.stdout.fileno(), False)
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=600)

    def drain(self):
        """The access log goes to a pipe that nobody reads but this."""
        try:
            while self.process.stdout.read(65536):
                pass
        except (BlockingIOError, TypeError):
            pass

    def call(self, method, path, body=None):
        headers = {'Authorization': 'Bearer ' + self.token} if self.token else {}
        if body is not None:
            headers['Content-Type'] = 'application/json'
            body = json.dumps(body)
        self.connection.request(method, '/api/v1' + path, body, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def log_in(server, path):
    server.call('POST', '/auth/register', ACCOUNT)
    response, text = server.call('POST', '/auth/login', ACCOUNT)
    if response.status != 200:
        raise SystemExit(text.decode())
    session = json.loads(text)
    db = sqlite3.connect(path)
    db.execute('UPDATE projects SET user_id = ?', (session['user']['id'],))
    db.commit()
    db.close()
    server.token = session['access_token']


def prepare(args, data):
    path = os.path.join(data, 'vision_platform.db')
    filled = os.path.join(data, 'filled')
    if not os.path.exists(filled):
        Server(args.fovea, data).stop()  # makes the schema
        begin = time.monotonic()
        fill(path)
        print(f'filled in {time.monotonic() - begin:.0f} s, '
              f'{os.path.getsize(path) / 1e9:.1f} GB', file=sys.stderr)
        with open(filled, 'w', encoding='utf-8') as file:
            file.write('see bench/scale.py\n')
    begin = time.monotonic()
    server = Server(args.fovea, data)
    print(f'started in {time.monotonic() - begin:.2f} s', file=sys.stderr)
    log_in(server, path)
    return server


# --- measuring --------------------------------------------------------------------------------

def measure(server, paths, seconds):
    """Alternating, until the time is over: milliseconds for each path."""
    times = [[] for _ in paths]
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times[0]) < 5:
        for path, list_of_times in zip(paths, times):
            begin = time.perf_counter()
            response, text = server.call('GET', path)
            list_of_times.append((time.perf_counter() - begin) * 1000)
            if response.status != 200:
                raise SystemExit(f'{path}: {response.status} {text[:300]}')
        server.drain()
    for list_of_times in times:
        del list_of_times[0]
    return times


def p99(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


LISTS = (
    ('page 1 of 20', '?page=1&per_page=20'),
    ('... with `status=completed`', '?page=1&per_page=20&status=completed'),
    ('... with `status=stopped` (10 of all)', '?page=1&per_page=20&status=stopped'),
    ('... with `status=running` (none)', '?page=1&per_page=20&status=running'),
    ('... by accuracy', '?page=1&per_page=20&sort=accuracy'),
    ('... by accuracy, rising, `status=completed`',
     '?page=1&per_page=20&sort=accuracy&order=asc&status=completed'),
    ('... by name', '?page=1&per_page=20&sort=name&order=asc'),
    ('... by name, `status=failed`', '?page=1&per_page=20&sort=name&order=asc&status=failed'),
)
SEARCHES = (
    ('page 1 of 20, `q=flowers`', '?page=1&per_page=20&q=flowers'),
    ('... `q=nothing like it`', '?page=1&per_page=20&q=nothing%20like%20it'),
    ('... `q=run`, by accuracy', '?page=1&per_page=20&q=run&sort=accuracy'),
    ('the last page of 20', '?page={last}&per_page=20'),
)


def compare_lists(server, seconds, lists, say):
    say('| request | 100 jobs, ms | p99 | 1,000,000 jobs, ms | p99 | ratio |')
    say('|---|---|---|---|---|---|')
    for name, query in lists:
        paths = [f'/projects/{project}/experiments' + query.format(last=count // 20)
                 for project, count in ((2, JOBS_FEW), (1, JOBS_MANY))]
        few, many = measure(server, paths, seconds)
        say(f'| {name} | {statistics.median(few):.3f} | {p99(few):.2f} | '
            f'{statistics.median(many):.3f} | {p99(many):.2f} | '
            f'{statistics.median(many) / statistics.median(few):.2f} |')


def chart_jobs(server):
    _, text = server.call('GET', '/projects/3/experiments')
    return {job['experiment_name']: job['id'] for job in json.loads(text)}


def check_peak(server, path):
    _, text = server.call('GET', path)
    series = json.loads(text)['series'][0]
    if max(series['max']) != PEAK:
        raise SystemExit(f'{path} has lost the peak')
    return len(series['x'])


def compare_charts(server, seconds, say):
    jobs = chart_jobs(server)
    for wanted in (1000, 200):
        paths = [f'/training/jobs/{jobs[f"{count} points"]}/metrics?names=step_loss'
                 f'&points={wanted}' for count in POINTS]
        buckets = [check_peak(server, path) for path in paths]
        times = [statistics.median(of_path) for of_path in measure(server, paths, seconds * 2)]
        say(f'\n`points={wanted}`, the whole series:\n')
        say('| points of the series | points of the answer | median, ms | ratio |')
        say('|---|---|---|---|')
        for count, bucket_count, median in zip(POINTS, buckets, times):
            say(f'| {count:,} | {bucket_count} | {median:.3f} | {median / times[0]:.2f} |')


def machine():
    model = platform.processor()
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        found = re.search(r'model name\s*: (.*)', file.read())
        model = found.group(1) if found else model
    return f'{model}, {os.cpu_count()} threads'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--fovea', default='build/release/bin/fovea')
    parser.add_argument('--data', help='keep the database here')
    parser.add_argument('--out', help='a Markdown file')
    parser.add_argument('--seconds', type=float, default=3)
    parser.add_argument('--only-lists', action='store_true', help='no sort and no search')
    args = parser.parse_args()
    lines = []

    def say(line):
        print(line, flush=True)
        lines.append(line)

    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        server = prepare(args, os.path.abspath(args.data or folder))
        try:
            say('# Scale\n')
            say(f'`bench/scale.py`, {datetime.date.today()}, {machine()}, load '
                f'{os.getloadavg()[0]:.1f}.  One request at a time; medians.\n')
            say('## Lists: a project of 100 jobs beside one of 1,000,000\n')
            compare_lists(server, args.seconds, LISTS[:4] if args.only_lists else LISTS, say)
            if not args.only_lists:
                say('\nWhat has a bound, but costs more in a long list:\n')
                compare_lists(server, args.seconds, SEARCHES, say)
            say('\n## Charts: one series, the peak in each answer checked')
            compare_charts(server, args.seconds, say)
        finally:
            server.stop()
    if args.out:
        with open(args.out, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
