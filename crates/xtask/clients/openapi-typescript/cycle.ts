// The life of a token through openapi-fetch and the types that openapi-typescript makes.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const api = createClient<paths>({
  baseUrl: process.env.COUNTERSIGN_URL,
  headers: { Authorization: `Bearer ${process.env.COUNTERSIGN_TOKEN}` },
});
const expiry = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000).toISOString();

const made = await api.POST("/api/v1/api-tokens", {
  body: { name: "openapi-fetch", expiry, permissions: ["api.api-tokens.read"] },
});
assert(made.data, JSON.stringify(made.error));
const params = { path: { id: made.data.id } };

const read = await api.GET("/api/v1/api-tokens/{id}", { params });
assert.equal(read.data?.name, "openapi-fetch");

const body = { version: 1, name: "openapi-fetch, renamed" };
const changed = await api.PUT("/api/v1/api-tokens/{id}", { params, body });
assert.equal(changed.data?.version, 2);
const conflict = await api.PUT("/api/v1/api-tokens/{id}", { params, body });
assert.equal(conflict.error?.type, "/problems/version-conflict");

const rotated = await api.POST("/api/v1/api-tokens/{id}/rotate", { params, body: { version: 2 } });
assert(rotated.data);

const question = { token: rotated.data.token };
const verdict = await api.POST("/api/v1/api-tokens/verify", { body: question });
assert.equal(verdict.data?.code, "ok");
const verdicts = await api.POST("/api/v1/api-tokens/verify/batch", { body: [question, { token: made.data.token }] });
assert.deepEqual(verdicts.data?.map((one) => one.active), [true, false]);

const listed = await api.GET("/api/v1/api-tokens", { params: { query: { limit: 100 } } });
assert(listed.data?.content.some((token) => token.id === params.path.id));
const found = await api.POST("/api/v1/api-tokens/query", { body: { name: { $eq: body.name } } });
assert.equal(found.data?.totalElements, 1);

// The proxy made a new kind of the first one.
const events = await api.GET("/api/v1/api-tokens/{id}/events", { params });
assert.deepEqual(events.data?.content.map((event) => event.type), ["rotated", "updated", "imported"]);

const revoked = await api.DELETE("/api/v1/api-tokens/{id}", { params });
assert.equal(revoked.response.status, 204);
