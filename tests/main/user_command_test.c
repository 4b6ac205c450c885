/* user_command_test.c - `fovea user` on the data of a server that runs, and of none. */

#include "program_support.h"

#include "test.h"

#include <stdlib.h>

/* A server on $D/data; $pid and $port are its. */
#define START                                                                              \
    ": > $D/out; "                                                                         \
    "$F serve --data $D/data --port 0 --quiet --no_trainer > $D/out 2>&1 & pid=$!; "       \
    "while ! grep -q 'on http' $D/out; do kill -0 $pid || exit 99; sleep 0.02; done; "     \
    "port=$(sed -n 's/.*on http:..127.0.0.1:\\([0-9]*\\),.*/\\1/p' $D/out); "
#define STOP "; code=$?; kill $pid; wait $pid; exit $code"
/* Make the data folder without a server that stays. */
#define MAKE START "kill $pid; wait $pid; "
#define LOGIN(email, password)                                                             \
    "curl -s -o $D/answer -w '%{http_code}' -d '{\"email\":\"" email                       \
    "\",\"password\":\"" password "\"}' http://127.0.0.1:$port/api/v1/auth/login"

TEST(user_command_works_while_the_server_runs)
{
    program_expect(test_folder(),
                   START "echo 'long enough 1' | $F user add a@b.cd --role admin --data $D/data "
                         "&& [ $(" LOGIN("a@b.cd", "long enough 1") ") = 200 ] "
                         "&& printf 'another one 1\\r\\n' | $F user passwd A@b.cd --data $D/data "
                         "&& [ $(" LOGIN("a@b.cd", "long enough 1") ") = 401 ] "
                         "&& [ $(" LOGIN("a@b.cd", "another one 1") ") = 200 ]" STOP, 0,
                   "A@b.cd" + 1);
}

TEST(user_command_changes_accounts)
{
    program_expect(test_folder(),
                   MAKE "set -e; export P='long enough 1'; "
                        "echo $P | $F user add a@b.cd --role=admin --data $D/data; "
                        "echo $P | $F user add c@d.ef --full_name 'C D' --data $D/data; "
                        "$F user role c@d.ef manager --data $D/data; "
                        "$F user deactivate c@d.ef --data $D/data; $F user list --data $D/data",
                   0, "manager              no       c@d.ef");
    program_expect(test_folder(),
                   MAKE "echo 'long enough 1' | $F user add a@b.cd --role admin --data $D/data; "
                        "$F user list --json --data $D/data",
                   0, "\"email\":\"a@b.cd\",\"full_name\":null,\"system_role\":\"admin\"");
}

TEST(user_command_says_what_is_wrong)
{
    const char *folder = test_folder();

    program_expect(folder, "$F user list --data $D/none", 3, "is no data folder of Fovea");
    program_expect(folder, "ls $D/none", 2, NULL); /* and it has made none */
    program_expect(folder, MAKE "true", 0, NULL);
    program_expect(folder, "$F user --data $D/data", 2, "say what: list, add");
    program_expect(folder, "$F user add --data $D/data", 2, "'add' takes 1 word more");
    program_expect(folder, "$F user make a@b.cd --data $D/data", 2, "there is no 'make'");
    program_expect(folder, "$F user passwd x@y.zz --data $D/data < /dev/null", 3,
                   "there is no account 'x@y.zz'");
    program_expect(folder, "$F user add a@b.cd --data $D/data < /dev/null", 2,
                   "no password was given");
    program_expect(folder, "echo short | $F user add a@b.cd --data $D/data", 2,
                   "must have 8 to 100 characters");
    program_expect(folder, "echo 'long enough' | $F user add a@b.cd --role king --data $D/data", 2,
                   "there is no role 'king'");
    program_expect(folder, "echo 'long enough' | $F user add a@b.cd --role admin --data $D/data", 0,
                   NULL);
    program_expect(folder, "$F user role a@b.cd guest --data $D/data", 2,
                   "This is the last administrator");
    program_expect(folder, "$F user add a@b.cd --password secret --data $D/data", 2,
                   "unknown option '--password'");
    program_expect(folder, "$F user --help", 0, "fovea user passwd EMAIL");
}

/* Another process holds the database for a while: the command waits rather than fail. */
TEST(user_command_waits_for_a_busy_database)
{
    if (system("command -v sqlite3 > /dev/null"))
        SKIP("there is no sqlite3");
    program_expect(test_folder(),
                   MAKE "(echo 'BEGIN IMMEDIATE;'; sleep 1; echo 'COMMIT;') | "
                        "sqlite3 $D/data/vision_platform.db & "
                        "sleep 0.3; echo 'long enough 1' | $F user add a@b.cd --data $D/data; "
                        "code=$?; wait; exit $code",
                   0, "a@b.cd is made, as standard_engineer");
}

TEST(setup_link_is_printed_until_it_has_served)
{
    program_expect(test_folder(),
                   START "token=$(sed -n 's/.*setup?token=//p' $D/out); "
                         "curl -s -H 'Content-Type: application/json' -d "
                         "'{\"token\":\"'$token'\",\"email\":\"a@b.cd\","
                         "\"password\":\"long enough 1\"}' http://127.0.0.1:$port/api/v1/setup; "
                         "kill $pid; wait $pid; " START
                         "! grep -q setup $D/out" STOP, 0, "\"system_role\":\"admin\"");
    program_expect(test_folder(),
                   START "kill $pid; wait $pid; cp $D/out $D/first; " START
                         "grep setup $D/out; cmp -s $D/out $D/first && exit 1; true" STOP, 0,
                   "/setup?token=");
}

TEST(data_folder_is_its_owners_alone)
{
    program_expect(test_folder(), "umask 022; " START "stat -c %a $D/data" STOP, 0, "700");
}

TEST(one_server_at_a_time_has_the_data)
{
    program_expect(test_folder(), START "$F serve --data $D/data --port 0" STOP, 8,
                   "is in use by another process");
}
