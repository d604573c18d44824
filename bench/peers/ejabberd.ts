import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificate, type Peer, type PeerOptions } from './peer.ts'
import { freePorts, launch, listening, stop } from './process.ts'
import { registerAll } from './stream.ts'

/** Starts the ejabberd of the Debian package `ejabberd` on free ports; its schedulers do not wait busily. */
export async function startEjabberd({ folder, cpu, hash = 'SHA-1' }: PeerOptions): Promise<Peer> {
  const [startTls, directTls, distribution] = (await freePorts(3)) as [number, number, number]
  const { certificate } = await makeCertificate(folder)
  const spool = join(folder, 'spool')
  await mkdir(spool, { recursive: true })
  const values: Record<string, string> = {
    FOLDER: folder,
    STARTTLS: String(startTls),
    DIRECTTLS: String(directTls),
    HASH: hash === 'SHA-1' ? 'sha' : 'sha256',
  }
  const template = await readFile(join(import.meta.dirname, 'ejabberd.yml.in'), 'utf8')
  const config = join(folder, 'ejabberd.yml')
  await writeFile(
    config,
    template.replace(/@([A-Z]+)@/g, (all, name: string) => values[name] ?? all),
  )
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
      ...['-ejabberd', 'log_rotate_size', 'infinity', '-s', 'ejabberd', '-noinput'],
    ],
    { log, env, cwd: spool, ...(cpu !== undefined && { cpu }) },
  )
  await listening(child, directTls, log, 40)
  const target = { host: 'localhost', directTls, authority: certificate }
  return {
    name: 'ejabberd',
    ...target,
    pid: child.pid!,
    startTls,
    addUsers: users => registerAll(target, users),
    stop: () => stop(child),
  }
}
