import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { root } from '../place.ts'
import { makeCertificate, type Peer, type PeerOptions } from './peer.ts'
import { freePorts, launch, listening, until } from './process.ts'
import { registering } from './registering.ts'

const schema = '/usr/share/ejabberd/sql/lite.sql'

/** The tables that its SQL store wants to find. */
function makeDatabase(path: string): void {
  if (existsSync(path)) return
  const database = new DatabaseSync(path)
  database.exec(readFileSync(schema, 'utf8'))
  database.close()
}

/** Makes accounts like u0, in Mnesia, in the folder of an ejabberd that has ended. */
export async function copyEjabberd(options: PeerOptions, count: number): Promise<void> {
  const copied = join(options.folder, 'copied')
  // The key of a row is a tuple that begins with the name.
  const copies = `[[begin K = setelement(1, element(2, R), list_to_binary("u" ++ integer_to_list(N))), mnesia:dirty_write(setelement(2, R, K)) end
    || N <- lists:seq(1, ${count - 1})] || R <- lists:append([mnesia:dirty_read(passwd, K) || K <- mnesia:dirty_all_keys(passwd)])]`
  const code = `mnesia:wait_for_tables([passwd], 30000), ${copies}, ok = file:write_file("${copied}", <<>>).`
  const peer = await startEjabberd(options, ['-eval', code])
  await until('accounts copied by ejabberd', 60, () => existsSync(copied))
  await peer.stop()
}

/** Starts the ejabberd of the Debian package `ejabberd` on free ports; its schedulers do not wait busily. */
export async function startEjabberd(
  { folder, cpu, hash = 'SHA-1', plain, sqlite }: PeerOptions,
  more: readonly string[] = [],
): Promise<Peer> {
  const [startTls, directTls, distribution] = (await freePorts(3)) as [number, number, number]
  const { certificate } = await makeCertificate(folder)
  const spool = join(folder, 'spool')
  await mkdir(spool, { recursive: true })
  const values: Record<string, string> = {
    FOLDER: folder,
    STARTTLS: String(startTls),
    DIRECTTLS: String(directTls),
    HASH: hash === 'SHA-1' ? 'sha' : 'sha256',
    DATABASE: sqlite ? 'sql' : 'mnesia',
    ACCOUNTS: sqlite ? 'sql' : 'internal',
    ENCRYPTION: plain ? 'false' : 'true',
  }
  const template = await readFile(join(root, 'bench', 'peers', 'ejabberd.yml.in'), 'utf8')
  const config = join(folder, 'ejabberd.yml')
  await writeFile(
    config,
    template.replace(/@([A-Z]+)@/g, (all, name: string) => values[name] ?? all),
  )
  if (sqlite) makeDatabase(join(folder, 'ejabberd.sqlite'))
  const env = {
    ...process.env,
    EJABBERD_CONFIG_PATH: config,
    EJABBERD_LOG_PATH: join(folder, 'ejabberd-own.log'),
    ERL_CRASH_DUMP_BYTES: '0',
    ERL_MAX_PORTS: '32000',
    ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
    ERL_DIST_PORT: String(distribution),
    HOME: folder,
  }
  const log = join(folder, 'ejabberd.log')
  const child = launch(
    '/usr/bin/erl',
    [
      ...[
        '-sname',
        `jackdaw${process.pid}@localhost`,
        '-setcookie',
        'jackdaw',
        '-start_epmd',
        'false',
        '-erl_epmd_port',
        String(distribution),
      ],
      ...['+K', 'true', '+P', '250000', '+Q', '65536', '+S', '1:1', '+SDcpu', '1:1'],
      ...['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none'],
      ...['-kernel', 'inet_dist_use_interface', '{127,0,0,1}', '-mnesia', 'dir', `"${spool}"`],
      ...['-ejabberd', 'log_rotate_size', 'infinity', '-s', 'ejabberd', '-noinput', ...more],
    ],
    { log, env, cwd: spool, ...(cpu !== undefined && { cpu }) },
  )
  await listening(child, directTls, log, 40)
  const name = sqlite ? 'ejabberd, SQLite' : 'ejabberd'
  return registering(child, { name, authority: certificate, startTls, directTls, plain })
}
