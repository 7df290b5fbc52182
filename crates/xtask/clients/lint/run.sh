# No finding of any of them, warnings included.
set -eu
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
openapi-spec-validator "$DOCUMENT"
echo 'extends: ["spectral:oas"]' >ruleset.yaml
spectral lint --fail-severity hint --ruleset ruleset.yaml "$DOCUMENT"
# Warnings do not fail it, so they are counted.
redocly lint --extends recommended --format json "$DOCUMENT" >redocly.json
node -e '
const { problems } = JSON.parse(require("fs").readFileSync("redocly.json"));
for (const { ruleId, message } of problems) console.error(`redocly: ${ruleId}: ${message}`);
process.exit(problems.length ? 1 : 0)'
