#!/bin/bash
# What a formatter does not see.  Prints file:line for each breach and exits 1 on any:
#   - lines over 100 columns, but for tables that clang-format is told to leave; tabs in C
#   - files over 1,000 lines (over 600: a warning); tables, *.def, may be longer
#   - mutexes outside the files that may have them: elsewhere threads talk through queues
#   - printing to stdout or stderr outside src/main, src/command and the progress display: the
#     rest logs or returns errors
#   - notes about unfinished work
# Functions over 60 lines are a warning.
cd "$(dirname "$0")/.." || exit 2

mutex_homes='^src/(base/queue\.c|data/loader\.c|store/db\.c|trainer/(engine_runs|catalogue|resident)\.c|app/(app\.[ch]|datasets/datasets_(lock\.c|internal\.h)|jobs/(job_queue\.c|job_control_internal\.h)|services/(services(_internal\.h|\.c)|service_models\.c))|api/(login_limit\.c|live/(live(_channel\.c|_internal\.h|\.c)|engine_io(_internal\.h|\.c))))'
printing_homes='^src/(main/|command/|train/progress\.c)'
status=0

# Prints what the command found under a heading, and remembers that something was.
refuse() {
    local heading=$1 found
    shift
    found=$("$@")
    [ -n "$found" ] || return
    echo "$heading:"
    sed 's/^/  /' <<<"$found"
    status=1
}

mapfile -t all_files < <(find . \( -name .git -o -path ./build \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' \
    -o -name CMakeLists.txt -o -name Makefile -o -path './.ci/*' \) -printf '%P\n' | sort)
mapfile -t c_files < <(printf '%s\n' "${all_files[@]}" | grep '\.[ch]$')

# Columns are characters, so the bytes that continue one do not count.
long_lines() {
    LC_ALL=C awk '
        FNR == 1 { table = 0 }
        /clang-format off/ { table = 1 }
        /clang-format on/ { table = 0 }
        { line = $0; gsub(/[\200-\277]/, "", line) }
        length(line) > 100 && !table { print FILENAME ":" FNR ": " length(line) " columns" }
    ' "${c_files[@]}"
}
tabs() { grep -nP '\t' "${c_files[@]}"; }
long_files() { wc -l "${c_files[@]}" | awk '$2 != "total" && $1 > 1000 { print $2 ":" $1 ": lines" }'; }
mutexes() {
    grep -nE '\b(pthread_(mutex|rwlock|spin)_|mtx_)' "${c_files[@]}" | grep '^src/' |
        grep -vE "$mutex_homes"
}
printing() {
    grep -nE '\b(v?printf|puts|putchar|perror|fprintf|fputs|fwrite) *\(' "${c_files[@]}" |
        grep '^src/' | grep -vE "$printing_homes" | grep -E '\b(v?printf|puts|putchar|perror) *\(|std(out|err)'
}
unfinished() { grep -nwE 'TO''DO|FIX''ME|XX''X' "${all_files[@]}"; }

refuse 'lines over 100 columns' long_lines
refuse 'tabs in C' tabs
refuse 'files over 1,000 lines' long_files
refuse 'mutexes outside their homes' mutexes
refuse 'printing to the terminal' printing
refuse 'notes about unfinished work' unfinished

wc -l "${c_files[@]}" | awk '$2 != "total" && $1 > 600 && $1 <= 1000 {
    print "warning: " $2 " has " $1 " lines, over 600" }'
awk '/^\{/ { start = FNR } /^\}/ && start {
    if (FNR - start > 61) print "warning: " FILENAME ":" start ": a function of " FNR - start - 1 " lines"
    start = 0 } FNR == 1 { start = 0 }' "${c_files[@]}"
exit $status
