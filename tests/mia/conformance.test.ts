import t from 'tap'
import { casesOf, SETTINGS, titleOf } from './cases.ts'
import { replayer } from './replay.ts'

for (const setting of SETTINGS) {
  t.test(`${titleOf(setting)} answers as the original documents`, async (t) => {
    const { replay } = replayer(t, setting)
    for (const one of casesOf(setting)) {
      await t.test(one.name, async (t) => {
        t.same(await replay(one), [])
      })
    }
  })
}
