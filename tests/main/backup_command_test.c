/* backup_command_test.c - `fovea backup`, `restore` and `migrate` with a real server. */

#include "program_support.h"

#include "test.h"

#include <stdlib.h>

#define START(data)                                                                        \
    ": > $D/out; "                                                                         \
    "$F serve --data $D/" data " --port 0 --quiet --no_trainer > $D/out 2>&1 & pid=$!; "   \
    "while ! grep -q 'on http' $D/out; do kill -0 $pid || exit 99; sleep 0.02; done; "     \
    "port=$(sed -n 's/.*on http:..127.0.0.1:\\([0-9]*\\),.*/\\1/p' $D/out); "
#define ADD "echo 'long enough 1' | $F user add a@b.cd --role admin --data $D/data > $D/log; "
#define STOP "kill $pid; wait $pid; "
#define LOGIN                                                                              \
    "curl -s -d '{\"email\":\"a@b.cd\",\"password\":\"long enough 1\"}' "                  \
    "http://127.0.0.1:$port/api/v1/auth/login"
#define CALL(path)                                                                         \
    "curl -s -H \"Authorization: Bearer $token\" -H 'Content-Type: application/json' "     \
    "http://127.0.0.1:$port" path " "
#define TOKEN "token=$(" LOGIN " | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'); "

TEST(backup_of_a_running_server_restores_and_serves)
{
    program_expect(test_folder(),
                   START("data") ADD TOKEN CALL("/api/v1/projects")
                   "-d '{\"name\":\"saved project\"}' > $D/log; "
                   "$F backup $D/b.tar --data $D/data || exit 1; "
                   /* what comes later is not in it, and the old token serves in the new place */
                   CALL("/api/v1/projects") "-d '{\"name\":\"later\"}' > $D/log; " STOP
                   "$F restore $D/b.tar --data $D/new || exit 2; " START("new")
                   CALL("/api/v1/projects") "> $D/projects; " STOP
                   "grep -q later $D/projects && exit 3; cat $D/projects",
                   0, "\"name\":\"saved project\"");
}

TEST(restore_says_what_it_needs)
{
    const char *folder = test_folder();

    program_expect(folder, START("data") ADD STOP "$F backup $D/b.tar --data $D/data", 0,
                   "1 files");
    program_expect(folder, "$F restore $D/b.tar", 2, "say where to with --data");
    program_expect(folder, "$F restore --data $D/x", 2, "name one file");
    program_expect(folder, "$F restore $D/none.tar --data $D/x", 3, "none.tar");
    program_expect(folder, "$F restore $D/b.tar --data $D/data", 8, "is not empty");
    program_expect(folder, START("data") "$F restore $D/b.tar --force --data $D/data; "
                           "code=$?; " STOP "exit $code", 8, "in use by another process");
    program_expect(folder, "$F restore $D/b.tar --force --data $D/data", 0, "what was there is in");
    program_expect(folder, "$F user list --data $D/data", 0, "a@b.cd");
    program_expect(folder, "head -c 5000 $D/b.tar > $D/cut.tar; $F restore $D/cut.tar --data $D/y",
                   4, "is no whole backup");
    program_expect(folder, "ls -A $D/y", 0, ".fovea.lock"); /* and nothing else */
    program_expect(folder, "$F backup $D/b.tar --data $D/none", 3, "is no data folder");
}

/* The command line of the unit, as systemd reads it, with the folders of this test. */
TEST(backup_of_the_unit_has_a_file_for_each_day_of_the_week)
{
    program_expect(test_folder(),
                   START("fovea") STOP
                   "sed -n 's/^ExecStart=//p' " TEST_PROJECT_DIR
                   "/packaging/fovea-backup.service | sed -e 's/[$][$]/$/g; s/%%/%/g' "
                   "-e \"s,/usr/local/bin/fovea,$F,; s,/var/lib/,$D/,\" > $D/run; "
                   "mkdir $D/backups; "
                   "BACKUP_DIR=$D/backups sh $D/run && ls $D/backups | "
                   "grep -x \"fovea-$(date +%u).tar\"", 0, NULL);
}

/* Full, the disk must cost the backup alone: no half file under its name, the old one kept. */
TEST(backup_that_fails_leaves_the_one_before)
{
    program_expect(test_folder(),
                   START("data") ADD STOP "mkdir -p $D/data/weights; "
                   "head -c 3000000 /dev/urandom > $D/data/weights/big.safetensors; "
                   "echo before > $D/b.tar; ( ulimit -f 1000; trap '' XFSZ; "
                   "$F backup $D/b.tar --data $D/data ) && exit 1; cat $D/b.tar; "
                   "ls -A $D | grep partial; ls -A $D/data | grep backup.db; true",
                   0, "before\n");
}

TEST(migrate_tells_and_does)
{
    const char *folder = test_folder();

    program_expect(folder, START("data") STOP "$F migrate --check --data $D/data", 0,
                   "which is this program's");
    program_expect(folder, "$F migrate --data $D/none", 3, "there is no database");
    program_expect(folder, "mkdir -p $D/odd; echo text that is no database at all, whoever looks > "
                           "$D/odd/vision_platform.db; $F migrate --data $D/odd", 4,
                   "is no database of Fovea");
    if (system("command -v sqlite3 > /dev/null"))
        SKIP("there is no sqlite3");
    program_expect(folder, "sqlite3 $D/data/vision_platform.db \"INSERT INTO schema_versions "
                           "VALUES (999, 'future', 0)\"; $F migrate --data $D/data", 9,
                   "it was used by a newer version");
    program_expect(folder, "$F user list --data $D/data", 9, "use the newer program");
}
