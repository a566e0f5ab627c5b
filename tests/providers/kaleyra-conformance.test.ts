import t from 'tap'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import { startFakeKaleyra } from '../support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { recordedPause, vendorSubject } from '../support/vendor-subject.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async (t) => {
  const vendor = await startFakeKaleyra(t)
  const { pause } = recordedPause()
  const provider = kaleyraProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 1500, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  return vendorSubject(vendor, provider)
})
