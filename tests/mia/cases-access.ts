import { DATES, FRONTEND, INSIDE, notFound, ROOM, unauthorized, wordsOf } from './people.ts'
import type { Case, Setting, Step } from './replay.ts'

const NOBODYS = '6214f0a1b2c3d4e5f6a7b8c9'

/** GET and DELETE /teleconsultation/:roomId. */
export function accessCases (setting: Setting): Case[] {
  const { access, asked, booked, created, done, get, id, list, post, remove, room, stored } = wordsOf(setting)
  const link = (query: string) => ({ link: `<link ${id(2)}>${query}` })
  const inside = (send: Step['send'], body: object): Step => ({ at: INSIDE, send, status: 200, body })

  return [
    {
      name: 'GET gives each participant his own link once the call may begin',
      steps: [booked(1, 2, 3), inside(get(1), access(1, [1, 2, 3])), inside(get(2), access(2, [1, 2, 3])), inside(get(3), access(3, [1, 2, 3]))]
    },
    {
      name: 'GET at the service’s root, as curl does it',
      steps: [booked(1, 2), inside(get(1, '', ''), access(1, [1, 2]))]
    },
    {
      name: 'GET before the immutable period gives no link: the waiting room',
      steps: [booked(1, 2), { send: get(1), status: 200, body: access(1, [1, 2], { link: null }) }]
    },
    {
      name: 'GET gives the link from IMMUTABLE_PERIOD_MS before the start',
      variables: { IMMUTABLE_PERIOD_MS: '600000' },
      steps: [
        booked(1, 2),
        { at: '2022-02-22T15:19:59.000Z', send: get(1), status: 200, body: access(1, [1, 2], { link: null }) },
        { at: '2022-02-22T15:20:00.000Z', send: get(1), status: 200, body: access(1, [1, 2]) }
      ]
    },
    {
      name: 'GET gives no link while somebody is missing',
      steps: [
        { send: post(list(3, 1, 2)), ...created, document: { participants: stored([1, 2], { links: false }) } },
        inside(get(2), access(2, [1, 2], { link: null, hasRoom: false }))
      ]
    },
    {
      name: 'GET polled through the waiting room finds the link at the start',
      steps: [
        booked(1, 2),
        { send: get(2), status: 200, body: access(2, [1, 2], { link: null }) },
        { at: '2022-02-22T15:29:59.999Z', send: get(2), status: 200, body: access(2, [1, 2], { link: null }) },
        { at: '2022-02-22T15:30:00.000Z', send: get(2), status: 200, body: access(2, [1, 2]), rooms: [room([1, 2])], made: 1 }
      ]
    },
    {
      name: 'GET gives the link also when the vendor does not tell about the room',
      steps: [booked(1, 2), {
        ...inside(get(2), { ...access(2, [1, 2], { hasRoom: false }) }),
        before: (vendor) => { vendor.fail('failing', { times: 1, on: /^GET \/(v2\/rooms|room\/info)\// }) }
      }]
    },
    {
      name: 'language asks for the link in a language',
      steps: [booked(1, 2), inside(get(2, '?language=en'), access(2, [1, 2], link('?l=en')))]
    },
    {
      name: 'useBackground asks for the link with the company’s background',
      steps: [booked(1, 2), inside(get(2, '?useBackground=true'), access(2, [1, 2], link('?l=it&vb=image'))), inside(get(2, '?useBackground=false'), access(2, [1, 2]))]
    },
    {
      name: 'useBackground and language together',
      steps: [booked(1, 2), inside(get(2, '?useBackground=true&language=en'), access(2, [1, 2], link('?l=en&vb=image')))]
    },
    {
      name: 'groupsWithBackgroundList gives its members the background',
      configuration: { groupsWithBackgroundList: ['patient'] },
      steps: [booked(1, 2), inside(get(2), access(2, [1, 2], link('?l=it&vb=image'))), inside(get(1), access(1, [1, 2]))]
    },
    {
      name: 'the caller is found where userIdPathInRequest says',
      configuration: { userIdPathInRequest: [{ from: 'object', extract: 'headers' }, { from: 'object', extract: 'miauserproperties' }, { from: 'json', extract: 'customUserId' }] },
      steps: [
        booked(1, 2),
        inside({ ...get(1), headers: { miauserproperties: JSON.stringify({ customUserId: id(2) }) } }, access(2, [1, 2])),
        { send: get(1), ...unauthorized }
      ]
    },
    {
      name: 'GET of somebody who is no participant is a 401 in the documented sentence',
      steps: [booked(1, 2), { at: INSIDE, send: get(3), ...unauthorized }]
    },
    {
      name: 'GET of nobody known is a 401 in the documented sentence',
      steps: [booked(1, 2), { at: INSIDE, send: { method: 'GET', url: `${FRONTEND}${ROOM}` }, ...unauthorized }]
    },
    {
      name: 'GET of what is not there is a 404 in the documented sentence',
      steps: [{ send: { ...get(1), url: `${FRONTEND}/teleconsultation/${NOBODYS}` }, ...notFound(NOBODYS) }]
    },
    {
      name: 'the usage page’s room_xyz is not there, whatever is asked of it',
      steps: [
        { send: { method: 'GET', url: '/teleconsultation/room_xyz', caller: id(1) }, ...notFound('room_xyz') },
        { send: { method: 'PATCH', url: '/teleconsultation/room_xyz', body: { participants: list(3, 1, 2, 3), ...DATES } }, ...notFound('room_xyz') },
        { send: { method: 'POST', url: '/teleconsultation/room_xyz/participants/data', body: asked(3) }, ...notFound('room_xyz') },
        { send: { method: 'DELETE', url: '/teleconsultation/room_xyz' }, ...notFound('room_xyz'), made: 0 }
      ]
    },
    {
      name: 'DELETE deletes the room and puts the document into the trash, where nobody finds it',
      steps: [
        booked(1, 2),
        { send: remove, ...done, document: { __STATE__: 'TRASH', participantsNumber: 2 }, rooms: [], made: 1 },
        { send: get(1), ...notFound('<roomId>') },
        { send: { method: 'PATCH', url: ROOM, body: { duration_in_seconds: 900 } }, ...notFound('<roomId>') },
        { send: remove, ...notFound('<roomId>'), made: 1 }
      ]
    },
    {
      name: 'DELETE while the call runs',
      steps: [booked(1, 2), inside(get(1), access(1, [1, 2])), { send: remove, ...done, document: { __STATE__: 'TRASH' }, rooms: [] }]
    },
    {
      name: 'DELETE before there is a room',
      steps: [{ send: post(list(3, 1, 2)), ...created }, { send: remove, ...done, document: { __STATE__: 'TRASH' }, made: 0 }]
    },
    {
      name: 'DELETE of a room that the vendor has lost',
      steps: [booked(1, 2), { before: ({ rooms }) => { for (const room of rooms) room.deleted = true }, send: remove, ...done, document: { __STATE__: 'TRASH' } }]
    },
    {
      name: 'DELETE with the empty text/html body that the platform’s client sends',
      steps: [booked(1, 2), { send: { ...remove, headers: { 'content-type': 'text/html', 'content-length': '0' } }, ...done, document: { __STATE__: 'TRASH' }, rooms: [] }]
    },
    {
      name: 'DELETE with an empty JSON body’s type',
      steps: [booked(1, 2), { send: { ...remove, headers: { 'content-type': 'application/json', 'content-length': '0' } }, ...done, document: { __STATE__: 'TRASH' }, rooms: [] }]
    },
    {
      name: 'DELETE of what is not there is a 404 in the documented sentence',
      steps: [{ send: { method: 'DELETE', url: `/teleconsultation/${NOBODYS}` }, ...notFound(NOBODYS) }]
    }
  ]
}
