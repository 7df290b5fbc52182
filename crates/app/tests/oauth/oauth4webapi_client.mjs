// oauth4webapi and openid-client against the running service: discovery, introspection, revocation.
//
// It ends with an error, or with the versions on standard output.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const {
  COUNTERSIGN_URL: url,
  COUNTERSIGN_ROOT_TOKEN: root,
  OLD_SECRET: old,
  NEW_SECRET: fresh,
  BOUND_SECRET: bound,
  NODE_PACKAGES: packages,
} = process.env

function manifest(name) {
  return JSON.parse(readFileSync(`${packages}/${name}/package.json`))
}

async function load(name) {
  const entry = manifest(name).exports['.']
  const file = typeof entry === 'string' ? entry : (entry.default ?? entry.import)
  return import(pathToFileURL(`${packages}/${name}/${file}`))
}

const oauth = await load('oauth4webapi')
const openid = await load('openid-client')
// The service under test speaks plain HTTP on the machine itself.
const plain = { [oauth.allowInsecureRequests]: true }

const issuer = new URL(url)
const found = await oauth.discoveryRequest(issuer, { ...plain, algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(issuer, found)
const client = { client_id: 'any name: it is not looked at' }

async function introspected(token, auth = oauth.ClientSecretBasic(root), parameters = {}) {
  const options = { ...plain, additionalParameters: parameters }
  const answer = await oauth.introspectionRequest(server, client, auth, token, options)
  return oauth.processIntrospectionResponse(server, client, answer)
}

for (const auth of [oauth.ClientSecretBasic(root), oauth.ClientSecretPost(root)]) {
  const answer = await introspected(fresh, auth)
  assert.equal(answer.active, true)
  assert.equal(answer.iss, server.issuer)
  assert.deepEqual(answer.permissions, ['api.tasks.read', 'api.tasks.write'])
  await assert.rejects(introspected(fresh, oauth.ClientSecretBasic('wrong')), (error) => {
    assert(error instanceof oauth.WWWAuthenticateChallengeError, error)
    assert.deepEqual(error.cause.map(({ scheme }) => scheme), ['basic'])
    return true
  })
}
await assert.rejects(introspected('', oauth.ClientSecretBasic(root), { address: 'nowhere' }))

// A token that is bound to addresses is active only if the asker says the address.
assert.deepEqual(await introspected(bound), { active: false })
const there = { address: '192.0.2.9' }
assert.equal((await introspected(bound, oauth.ClientSecretBasic(root), there)).active, true)

// openid-client takes the same metadata.
const execute = [openid.allowInsecureRequests]
const options = { algorithm: 'oauth2', execute }
const config = await openid.discovery(issuer, client.client_id, root, undefined, options)
assert.equal((await openid.tokenIntrospection(config, fresh)).active, true)

// What clients do after a rotation: the old secret ends, and the token goes on.
for (const [auth, secret, left] of [
  [oauth.ClientSecretBasic(old), old, true],
  [oauth.ClientSecretPost(fresh), fresh, false],
]) {
  const answer = await oauth.revocationRequest(server, client, auth, secret, plain)
  await oauth.processRevocationResponse(answer)
  assert.deepEqual(await introspected(secret), { active: false })
  assert.equal((await introspected(fresh)).active, left)
}
assert.equal((await openid.tokenIntrospection(config, fresh)).active, false)

for (const name of ['oauth4webapi', 'openid-client']) {
  console.log(name, manifest(name).version)
}
