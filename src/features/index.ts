import type { Feature } from '../server/feature.ts'
import disco from './disco/server.ts'
import legacySession from './legacy-session/server.ts'
import offline from './offline/server.ts'
import ping from './ping/server.ts'
import presence from './presence/server.ts'
import roster from './roster/server.ts'
import version from './version/server.ts'

/** All extensions of the server, in the order in which their say in a stage counts. */
export const features: readonly Feature[] = [legacySession, roster, presence, offline, disco, ping, version]
