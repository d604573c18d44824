import { oneOf, setting, time, whole, within, yes } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import { message } from '../../server/pipeline.ts'
import { bindInline } from '../bind2/exports.ts'
import { discoFeatures } from '../disco/exports.ts'
import { Archives, archives as table } from './accounts.ts'
import { Answers } from './answers.ts'
import { archiveCommands } from './commands.ts'
import { retraction } from './eligible.ts'
import { catchUps } from './exports.ts'
import { blankForm } from './filter.ts'
import { Keeping } from './keeping.ts'
import { changePreferences, shownPreferences } from './preferences.ts'
import { Retention } from './retention.ts'
import { defaults, fulltext, mam, metadata, prefs, query } from './wire.ts'
import { searched } from './words.ts'

/** §7; groupchat is known to the form, though it is in no account's archive. */
const announced = [mam, `${mam}#extended`, `${mam}#groupchat-field`]

/** §8.1: somebody else's archive. */
const otherwise = { refusal: 'forbidden' } as const

/** What an account has said and heard, to be found again by all its devices (XEP-0313), as far as it wants (XEP-0441), by words too (XEP-0431). */
export default feature({
  name: 'archive',
  xeps: [
    { number: 313, version: '1.1.3' },
    { number: 424, version: '0.4.2' },
    { number: 431, version: '0.2.0' },
    { number: 441, version: '0.2.0' },
  ],
  config: {
    enabled: setting(yes, true, 'Whether accounts have an archive of their messages.'),
    default: setting(
      oneOf(...defaults),
      'always',
      'What is archived of those who do not say what they want: "always" everything, "roster" only what is exchanged with contacts, "never" nothing.',
    ),
    page: setting(within(whole, 1, 1000, 'from 1 to 1000'), 250, 'Messages that one query can get at most.'),
    search: setting(
      yes,
      true,
      `Whether messages can be found by their words; the first ${searched} characters of each count.`,
    ),
    listed: setting(whole, 1000, 'Addresses that one account may list as always or never to be archived.'),
    keep: setting(time, 0, 'How long messages stay in the archives; 0 is for ever.'),
    maximum: setting(whole, 0, 'Messages that stay in one archive, the newest; 0 is all.'),
  },
  tables: [table],
  commands: archiveCommands,
  start: ({ config, host }) => {
    if (!config.enabled) return []
    const archives = new Archives(host, config)
    const keeping = new Keeping(archives)
    const answers = new Answers(host, archives, config)
    const retention = new Retention(host, config)
    return [
      // XEP-0424 §2: they are archived, so that they are learnt of later.
      ...(['account', 'server'] as const).map(where => discoFeatures.add({ where, var: retraction })),
      ...(config.search ? [...announced, fulltext] : announced).map(name =>
        discoFeatures.add({ where: 'account', var: name }),
      ),
      message.sending.stamp(e => keeping.stampSent(e)),
      message.sending.store(e => keeping.store(e, 'out')),
      message.arriving.stamp(e => keeping.stampArrived(e)),
      message.arriving.store(e => keeping.store(e, 'in')),
      account.get(query, () => query.write({ form: blankForm(config), flip: false }), otherwise),
      account.set(query, (asked, e) => answers.query(asked, e), otherwise),
      account.get(metadata, (_, { owner }) => answers.metadata(owner), otherwise),
      // XEP-0386 §3.2
      bindInline.add({
        // What is in the archive is not sent besides: the client is told where it ends, and asks.
        begin(session) {
          for (const follow of host.extensions(catchUps))
            follow(session, Promise.resolve({ to: 0, end: session.owner.last }))
          return undefined
        },
        // What comes meanwhile is in it or delivered behind it, or both.
        tell: async ({ owner }) => [await answers.metadata(owner)],
      }),
      account.get(prefs, (_, { owner }) => shownPreferences(archives.preferences(owner)), otherwise),
      account.set(prefs, (wanted, e) => changePreferences(archives, wanted, e, config.listed), otherwise),
      { registers: 'chore', run: () => retention.tend() },
    ]
  },
})
