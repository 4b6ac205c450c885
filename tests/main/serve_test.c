/* serve_test.c - `fovea serve` as a process: it starts, says where, ends on a signal. */

#include "program_support.h"

#include "test.h"

#define START                                                                              \
    "$F serve --data $D/data --port 0 > $D/out 2>&1 & pid=$!; "                            \
    "while ! grep -q 'on http' $D/out; do kill -0 $pid || break; sleep 0.02; done; "       \
    "port=$(sed -n 's/.*on http:..127.0.0.1:\\([0-9]*\\),.*/\\1/p' $D/out); "

TEST(serve_answers_and_ends_on_a_signal)
{
    program_expect(test_folder(),
                   START "bash -c 'exec 3<>/dev/tcp/127.0.0.1/'$port'; "
                         "echo -e \"GET /health HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                         "\\r\" >&3; cat <&3'; kill -TERM $pid; wait $pid; echo code $?",
                   0, "\"status\":\"healthy\"");
    program_expect(test_folder(), START "kill -INT $pid; wait $pid; echo code $?", 0, "code 0");
    /* What is set to nothing is not set. */
    program_expect(test_folder(),
                   "export DATABASE_URL=; " START "kill $pid; wait $pid; ls $D/data", 0,
                   "vision_platform.db");
}

TEST(serve_says_what_is_wrong)
{
    const char *folder = test_folder();

    program_expect(folder, "$F serve --port 70000", 2, "port must be a number from 0 to 65535");
    program_expect(folder, "$F serve --prot 1", 2, "did you mean '--port'");
    program_expect(folder, START "$F serve --data $D/other --port $port; code=$?; kill $pid; "
                                 "wait $pid; exit $code", 1, "in use");
    program_expect(folder, "echo x > $D/file; $F serve --data $D/file --port 0", 8, "file");
    program_expect(folder, "ACCESS_TOKEN_EXPIRE_MINUTES=0 $F serve --data $D/third --port 0", 2,
                   "ACCESS_TOKEN_EXPIRE_MINUTES must be a number from 1 to 10080, not '0'");
    program_expect(folder, "SERVICE_LIST_SECONDS=soon $F serve --data $D/third --port 0", 2,
                   "SERVICE_LIST_SECONDS must be a number");
    program_expect(folder, "UPLOAD_LIMIT_BYTES=100GB $F serve --data $D/third --port 0", 2,
                   "UPLOAD_LIMIT_BYTES must be a number from 1 to 1e+18, not '100GB'");
    /* Not a new, empty data folder beside the one that was meant. */
    program_expect(folder, "cd $D && $F serve /srv/fovea", 2, "unexpected argument '/srv/fovea'");
    program_expect(folder, "FRAMEWORK=tim $F trainer --data $D/third --port 0", 2,
                   "there is no framework 'tim'");
    program_expect(folder, "DATABASE_URL=postgresql://u:secret@h/x $F serve --data $D/third "
                           "--port 0", 9, "only SQLite is supported");
    program_expect(folder, "$F trainer timm", 2, "unexpected argument 'timm'");
    program_expect(folder, "test ! -e $D/fovea-data", 0, NULL);
    program_expect(folder, "$F serve --help", 0, "--open_registration");
}

/* Whoever asks what there is finds the server first, though the engine answers. */
TEST(help_names_the_commands_of_both_programs)
{
    const char *folder = test_folder();

    program_expect(folder, "for c in serve trainer user backup restore migrate train predict; do "
                           "$F --help | grep -q \"^  $c  *[a-z]\" || { echo $c; exit 1; }; done",
                   0, NULL);
    program_expect(folder, "$F sevre", 2, "did you mean 'serve'?");
    program_expect(folder, "$F-engine serve", 2, "'serve' is a command of fovea");
}
