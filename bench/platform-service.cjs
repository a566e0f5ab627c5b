'use strict'

/**
 * The second baseline: the platform's own plugin library doing the one upstream call that the relay does, through the
 * client that its plugins use, which is made for each request. Runs under `lc39`, beside an installed library.
 */
const customService = require('@mia-platform/custom-plugin-lib')({
  type: 'object',
  required: ['UPSTREAM'],
  properties: { UPSTREAM: { type: 'string', description: 'Base URL of the CRUD Service' } }
})

module.exports = customService(async function platformService (service) {
  const upstream = service.config.UPSTREAM
  service.addRawCustomPlugin('GET', '/teleconsultation/:id', async (request) => {
    const { payload } = await request.getHttpClient(upstream).get(`/teleconsultations/${request.params.id}`)
    return { bandyerRoomId: payload.bandyerRoomId }
  }, {
    params: { type: 'object', properties: { id: { type: 'string' } } },
    response: { 200: { type: 'object', properties: { bandyerRoomId: { type: 'string' } } } }
  })
})
