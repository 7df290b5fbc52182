. "$CLIENTS/common.sh"
row openapi-python-client "$(pinned openapi-python-client)" "generate, import, whole cycle"
openapi-python-client generate --path "$DOCUMENT" --output-path client
PYTHONPATH=client python "$here/cycle.py"
