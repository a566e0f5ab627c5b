import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import type { StoredRow } from '../simulation/crud.ts'
import type { VendorState } from './vendor-state.ts'

/** What the real stores hold, read past the service. */
export interface Stores {
  /** Teleconsultations, those in the trash too. */
  rows: StoredRow[]
  userIdMaps: StoredRow[]
  vendor: VendorState
}

const PAGE = 200

export async function readStores (crudOrigin: string, vendor: ChildProcess): Promise<Stores> {
  const told = once(vendor, 'message') as Promise<[VendorState]>
  vendor.send('state')
  const [[state], rows, userIdMaps] = await Promise.all([told, allOf(`${crudOrigin}/teleconsultations`), allOf(`${crudOrigin}/userid-maps`)])
  return { rows, userIdMaps, vendor: state }
}

async function allOf (collection: string): Promise<StoredRow[]> {
  const rows: StoredRow[] = []
  for (;;) {
    const page = await (await fetch(`${collection}/?_st=PUBLIC,DRAFT,TRASH,DELETED&_l=${PAGE}&_sk=${rows.length}`)).json() as StoredRow[]
    rows.push(...page)
    if (page.length < PAGE) return rows
  }
}
