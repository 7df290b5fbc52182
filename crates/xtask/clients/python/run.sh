. "$CLIENTS/common.sh"
row "openapi-generator, \`python\`" "$(pinned openapi-generator-cli)" "generate, import, whole cycle"
generate --generator-name python
PYTHONPATH=client python "$here/cycle.py"
