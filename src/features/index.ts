import type { Feature } from '../server/feature.ts'
import archive from './archive/server.ts'
import bind2 from './bind2/server.ts'
import blocking from './blocking/server.ts'
import caps from './caps/server.ts'
import carbons from './carbons/server.ts'
import commands from './commands/server.ts'
import contact from './contact/server.ts'
import csi from './csi/server.ts'
import delay from './delay/server.ts'
import disco from './disco/server.ts'
import fast from './fast/server.ts'
import inviteRegistration from './invite-registration/server.ts'
import last from './last/server.ts'
import legacySession from './legacy-session/server.ts'
import offline from './offline/server.ts'
import ping from './ping/server.ts'
import pipelining from './pipelining/server.ts'
import presence from './presence/server.ts'
import privacy from './privacy/server.ts'
import privateStorage from './private/server.ts'
import registration from './registration/server.ts'
import resent from './resent/server.ts'
import roster from './roster/server.ts'
import saslUpgrade from './sasl-upgrade/server.ts'
import sasl2 from './sasl2/server.ts'
import serviceAdministration from './service-administration/server.ts'
import stanzaId from './stanza-id/server.ts'
import streamManagement from './stream-management/server.ts'
import time from './time/server.ts'
import vcard from './vcard/server.ts'
import version from './version/server.ts'

/** All extensions of the server, in the order in which their say in a stage counts. */
export const features: readonly Feature[] = [
  sasl2,
  pipelining,
  fast,
  saslUpgrade,
  // Before all others: what was taken already has passed their checks.
  resent,
  legacySession,
  blocking,
  delay,
  stanzaId,
  roster,
  presence,
  carbons,
  archive,
  offline,
  csi,
  streamManagement,
  bind2,
  disco,
  caps,
  ping,
  version,
  time,
  last,
  contact,
  privacy,
  vcard,
  privateStorage,
  registration,
  inviteRegistration,
  commands,
  serviceAdministration,
]
