. "$CLIENTS/common.sh"
row "openapi-typescript, with openapi-fetch $(pinned openapi-fetch)" \
    "$(pinned openapi-typescript), TypeScript $(pinned typescript)" "generate, compile strictly, whole cycle"
openapi-typescript "$DOCUMENT" --output schema.ts
cp "$here/cycle.ts" .
compile cycle.ts
node cycle.js
