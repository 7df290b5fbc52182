# What the scripts of all clients share. They run in an empty folder, with the pinned tools on the path, and find:
# DOCUMENT, CLIENTS (this folder), RESULT (the file for their row of the table), COUNTERSIGN_TOKEN (Root's),
# COUNTERSIGN_URL (the proxy of later_version.py) and COUNTERSIGN_SERVICE_URL (the service itself).
# A further client, such as a library of OAuth, is a folder with a run.sh; what it needs is pinned beside this file.
set -eu
here=$CLIENTS/$NAME

# The version that is pinned for a package.
pinned() {
    sed -n "s/^$1==//p" "$CLIENTS/requirements.txt"
    sed -n "s|^ *\"$1\": \"\(.*\)\".*|\1|p" "$CLIENTS/package.json"
}

# The row: the client, its version, what is tried.
row() {
    printf '%s | %s | %s' "$1" "$2" "$3" >"$RESULT"
}

generate() {
    openapi-generator-cli generate --input-spec "$DOCUMENT" --output client "$@" >generate.log 2>&1 ||
        { cat generate.log; exit 1; }
}

# Node looks for packages above the file that asks for them.
compile() {
    ln -s "$NODE_MODULES" node_modules
    echo '{"type": "module"}' >package.json
    tsc --strict --target es2022 --module nodenext --types node "$@"
}
