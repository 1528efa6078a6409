import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ScenarioResult, ScenarioSet, SimulationRequest } from '../../../contracts/index.ts'
import type { ScenarioService } from './scenarios.service.ts'

const Key = Type.Object({ key: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' }) })
const Version = Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1, description: 'The latest when absent' })) })

/** Process tests: reading, replacing and trying scenarios. */
export const scenarioRoutes =
  (scenarios: ScenarioService): FastifyPluginAsyncTypebox =>
  async (app) => {
    const admin = { config: { role: 'admin' as const } }
    const tags = ['Processes']

    app.get(
      '/api/processes/:key/scenarios',
      { ...admin, schema: { tags, params: Key, querystring: Version, response: { 200: ScenarioSet } } },
      async (request) => scenarios.get(request.params.key, request.query.version),
    )

    app.put(
      '/api/processes/:key/scenarios',
      {
        ...admin,
        schema: {
          tags,
          params: Key,
          querystring: Version,
          body: Type.Object({ scenarios: Type.Unknown({ description: 'A list of Scenario' }) }, { additionalProperties: false }),
          response: { 200: ScenarioSet },
        },
      },
      async (request) => scenarios.replace(request.params.key, request.query.version, request.body.scenarios, request.agent.id),
    )

    app.post(
      '/api/processes/:key/simulate',
      { ...admin, bodyLimit: 4 * 1024 * 1024, schema: { tags, params: Key, body: SimulationRequest, response: { 200: ScenarioResult } } },
      async (request) => scenarios.simulate(request.params.key, request.body),
    )
  }
