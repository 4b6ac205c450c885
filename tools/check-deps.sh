#!/bin/bash
# Holds the includes of src/ against src/DEPS, and prints each line that breaks a rule:
#   - a folder includes only itself and what DEPS allows it
#   - an include is written from src/ ("base/arena.h"), and the file exists
#   - foo_internal.h stays inside its folder
#   - no two files of src/ have the same name
cd "$(dirname "$0")/../src" || exit 2

broken=$(
    find . -mindepth 2 \( -name '*.[ch]' -o -name '*.def' -o -name '*.cu' \) -printf '%P\n' | sort |
        xargs awk '
        FILENAME == "DEPS" {
            sub(/#.*/, "")
            if (NF) known[$1] = 1
            for (i = 1; i <= NF; i++) allowed[$1, $i] = 1
            next
        }
        FNR == 1 {
            split(FILENAME, part, "/")
            folder = part[1]
            if (!(folder in known)) print FILENAME ": folder " folder " is not in src/DEPS"
            name = FILENAME
            sub(/.*\//, "", name)
            if (name in owner) print FILENAME ": has the same name as " owner[name]
            owner[name] = FILENAME
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            target = $0
            sub(/^[^"]*"/, "", target)
            sub(/".*/, "", target)
            split(target, part, "/")
            place = FILENAME ":" FNR ": "
            if ((getline line < target) < 0)
                print place "there is no src/" target
            else if (!((folder, part[1]) in allowed) && !((folder, "*") in allowed))
                print place "src/DEPS does not allow " folder " to include " target
            else if (target ~ /_internal\.h$/ && part[1] != folder)
                print place target " is internal to " part[1]
            close(target)
        }' DEPS
)
[ -z "$broken" ] && exit 0
sed 's|^|src/|' <<<"$broken"
exit 1
