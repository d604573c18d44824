#!/usr/bin/env node
// Plain JavaScript that an old Node can read too: it only has to say that it is too old.
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { fileURLToPath } from 'node:url'

const found = process.versions.node.split('.').map(Number)
const file = path => fileURLToPath(new URL(path, import.meta.url))

if (found[0] < 24 || (found[0] === 24 && found[1] < 20)) {
  const inCheckout = existsSync(file('../node_modules/node/package.json'))
  console.error(`jackdaw: Node.js ${process.versions.node} is too old; 24.20 or newer is needed.`)
  console.error(
    inCheckout
      ? 'This checkout has one of its own: run it by "npm start", or in this folder by "npx jackdaw …".'
      : 'Get a newer one from https://nodejs.org, or in a checkout run "npm install" and then "npm start".',
  )
  process.exit(1)
}

// A server's memory is stanzas that live until the disk has them. They want room in the young generation, which one thread
// clears as cheaply as two; and lists of them must not be made old at birth, because dead ones would then keep young
// stanzas. This saves a quarter of the processor time of an archived message. Only a program's own command line can ask for
// it, so the process takes another one; who gives it such options himself is left alone.
const memory = ['--max-semi-space-size=64', '--no-parallel-scavenge', '--no-allocation-site-pretenuring']
// What runs once a login is worth compiling after some hundred of them, not after thousands: after a start all come at once.
const compiling = ['--invocation-count-for-maglev=100', '--invocation-count-for-turbofan=600']
const options = [...process.execArgv, process.env.NODE_OPTIONS ?? '']
const given = word => options.some(option => option.includes(word))
// OpenSSL's session tickets, which Node has no other way to leave out: an operator's own configuration of OpenSSL is kept.
const tls = given('openssl') || process.env.OPENSSL_CONF ? [] : [`--openssl-config=${file('tls.cnf')}`]
// Tried with Node 24 and 26; a Node that does not know an option does not start.
if (
  process.argv[2] === 'start' &&
  found[0] <= 26 &&
  !given('semi-space') &&
  process.execve &&
  process.platform !== 'win32' &&
  !process.connected
)
  process.execve(
    process.execPath,
    [process.execPath, ...memory, ...compiling, ...tls, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  )

// What was compiled once is not compiled again: a command answers in half the time.
if (process.env.NODE_COMPILE_CACHE === undefined) module.enableCompileCache?.()

// Whoever reads us may stop reading (`jackdaw user list | head`): that is no reason to fall.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

import(existsSync(file('../src/cli/main.ts')) ? '../src/cli/main.ts' : '../dist/cli/main.js').then(cli =>
  cli
    .main({
      args: process.argv.slice(2),
      cwd: process.cwd(),
      environment: process.env,
      input: process.stdin,
      output: process.stdout,
      errors: process.stderr,
    })
    .then(code => process.exit(code)),
)
