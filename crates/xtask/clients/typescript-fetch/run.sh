. "$CLIENTS/common.sh"
row "openapi-generator, \`typescript-fetch\`" "$(pinned openapi-generator-cli), TypeScript $(pinned typescript)" \
    "generate, compile strictly, whole cycle"
generate --generator-name typescript-fetch --additional-properties=importFileExtension=.js
cp "$here/cycle.ts" .
compile cycle.ts
node cycle.js
