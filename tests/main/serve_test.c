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
}

TEST(serve_says_what_is_wrong)
{
    const char *folder = test_folder();

    program_expect(folder, "$F serve --port 70000", 2, "port must be a number from 0 to 65535");
    program_expect(folder, "$F serve --prot 1", 2, "did you mean '--port'");
    program_expect(folder, START "$F serve --data $D/other --port $port; code=$?; kill $pid; "
                                 "wait $pid; exit $code", 1, "in use");
    program_expect(folder, "echo x > $D/file; $F serve --data $D/file --port 0", 1, "file");
    program_expect(folder, "$F serve --help", 0, "--open_registration");
}
