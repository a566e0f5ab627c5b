import t from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { recordedPause, vendorSubject } from '../support/vendor-subject.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async (t) => {
  const vendor = await startFakeBandyer(t)
  const { pause } = recordedPause()
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 1500, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  return vendorSubject(vendor, provider)
})
