import type { FastifyInstance, FastifyPluginAsync, FastifyPluginOptions } from 'fastify'

/**
 * Marks a plugin whose hooks and decorators are meant for the whole instance it is registered on, not for an
 * encapsulated child (what the package fastify-plugin does, https://fastify.dev/docs/latest/Guides/Plugins-Guide/).
 */
export function sharedPlugin<Options extends FastifyPluginOptions>(
  name: string,
  plugin: (app: FastifyInstance, options: Options) => Promise<void>,
): FastifyPluginAsync<Options> {
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: name })
}
