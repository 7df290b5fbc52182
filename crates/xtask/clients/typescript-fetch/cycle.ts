// The life of a token through the client that openapi-generator makes for typescript-fetch.

import assert from "node:assert/strict";
import { ChecksApi, Configuration, ResponseError, TokensApi } from "./client/index.js";

const configuration = new Configuration({
  basePath: process.env.COUNTERSIGN_URL,
  accessToken: process.env.COUNTERSIGN_TOKEN,
});
const tokens = new TokensApi(configuration);
const checks = new ChecksApi(configuration);
const day = 24 * 60 * 60 * 1000;
const expiry = new Date(Math.floor(Date.now() / day) * day + 30 * day);

async function refused(status: number, call: Promise<unknown>): Promise<any> {
  const error = await call.then(() => undefined, (error: unknown) => error);
  assert(error instanceof ResponseError, `not refused: ${error}`);
  assert.equal(error.response.status, status);
  return error.response.json();
}

const tokenDraft = { name: "typescript", expiry, permissions: ["api.api-tokens.read"], allowedAddresses: ["127.0.0.1"] };
const made = await tokens.createToken({ tokenDraft });
// Only a dry run is answered without content.
assert(made);
assert.match(made.token, /^csg_/);

const id = made.id;
const read = await tokens.getToken({ id });
assert.equal(read.name, "typescript");
assert.equal(read.expiry.getTime(), expiry.getTime());

const tokenEdit = { version: 1, name: "typescript, renamed" };
const changed = await tokens.updateToken({ id, tokenEdit });
assert.equal(changed.version, 2);
const problem = await refused(409, tokens.updateToken({ id, tokenEdit }));
assert.equal(problem.type, "/problems/version-conflict");

const rotated = await tokens.rotateToken({ id, tokenRotation: { version: 2, overlapSeconds: 60 } });
assert(rotated);
assert.notEqual(rotated.token, made.token);

const question = { token: rotated.token, address: "127.0.0.1" };
const verdict = await checks.verifyToken({ tokenQuestion: question });
assert(verdict.active && verdict.token?.id === id);
const verdicts = await checks.verifyTokenBatch({ tokenQuestion: [question, { token: "csg_" }] });
assert.deepEqual(verdicts.map((one) => one.code), ["ok", "invalid-token"]);

const listed = await tokens.listTokens({ limit: 100 });
assert(listed.content.some((token) => token.id === id));
const found = await tokens.queryTokens({
  tokenFilter: { name: { $iprefix: "TYPESCRIPT" }, expiry: { $gt: new Date(expiry.getTime() - day) } },
});
assert.equal(found.totalElements, 1);

// The proxy made a new kind of the first one.
const events = await tokens.listTokenEvents({ id });
assert.deepEqual(events.content.map((event) => event.type), ["rotated", "updated", "imported"]);

await tokens.revokeToken({ id });
await refused(404, tokens.getToken({ id }));
