import { feature } from '../../server/feature.ts'
import { saslInline, saslTasks } from '../sasl2/exports.ts'
import { Upgrades } from './upgrades.ts'

/** Clients that know the password help to keep better keys of it (XEP-0480): for another SCRAM mechanism, or of more rounds. */
export default feature({
  name: 'sasl-upgrade',
  xeps: [{ number: 480, version: '0.2.0' }],
  start: ({ host }) => {
    const upgrades = new Upgrades(host)
    return [saslInline.add(upgrades), saslTasks.add(upgrades)]
  },
})
