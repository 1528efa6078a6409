import { resolve } from 'node:path'

export type Role = 'all' | 'api' | 'worker'

export interface Config {
  port: number
  host: string
  /** Null = run the embedded server in the data directory. */
  databaseUrl: string | null
  /** Null = BullMQ and the relay use PostgreSQL. */
  redisUrl: string | null
  dataDir: string
  /** Origin under which providers and browsers reach Parley, without a trailing slash. */
  publicUrl: string
  publicUrlIsSet: boolean
  admin: { email: string | null; password: string | null }
  /** 32 bytes as hex or base64, or any passphrase of at least 16 characters; null = generated into the data directory. */
  secretKey: string | null
  role: Role
  logLevel: string
  demo: boolean
  /** Milliseconds a lost connection keeps its agent active. */
  presenceGraceMs: number
  /** Hosts or CIDR ranges that processes and media downloads may reach although they are not public. */
  outboundAllowList: string[]
  engineThreads: number
  /** Where files are kept; null = in the data directory. */
  s3: S3Config | null
}

/** A bucket of Amazon S3 or a compatible service; keys null = those of the environment or the machine's role. */
export interface S3Config {
  bucket: string
  region: string
  /** Address of a compatible service; null = Amazon's own. */
  endpoint: string | null
  keys: { id: string; secret: string } | null
}

const roles: readonly Role[] = ['all', 'api', 'worker']

function integer(env: NodeJS.ProcessEnv, name: string, fallback: number, min: number, max: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`${name} must be a whole number from ${min} to ${max}, not "${text}".`)
  return value
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function readS3(env: NodeJS.ProcessEnv): S3Config | null {
  const bucket = env.PARLEY_S3_BUCKET
  if (!bucket) {
    const set = ['PARLEY_S3_REGION', 'PARLEY_S3_ENDPOINT', 'PARLEY_S3_ACCESS_KEY_ID', 'PARLEY_S3_SECRET_ACCESS_KEY'].filter(
      (name) => env[name],
    )
    if (set.length > 0) throw new Error(`${set.join(', ')} needs PARLEY_S3_BUCKET; without a bucket files are kept in the data directory.`)
    return null
  }
  const { PARLEY_S3_ENDPOINT: endpoint, PARLEY_S3_ACCESS_KEY_ID: id, PARLEY_S3_SECRET_ACCESS_KEY: secret } = env
  if (endpoint && !URL.canParse(endpoint))
    throw new Error(`PARLEY_S3_ENDPOINT must be a URL such as https://minio.example.com, not "${endpoint}".`)
  if (Boolean(id) !== Boolean(secret)) throw new Error('PARLEY_S3_ACCESS_KEY_ID and PARLEY_S3_SECRET_ACCESS_KEY go together.')
  return { bucket, region: env.PARLEY_S3_REGION || 'us-east-1', endpoint: endpoint || null, keys: id && secret ? { id, secret } : null }
}

/**
 * Reads the environment; the only place that does.
 * @throws Error naming the variable that is wrong and what it may be.
 */
export function readConfig(env: NodeJS.ProcessEnv, argv: readonly string[] = []): Config {
  const port = integer(env, 'PORT', 3000, 0, 65_535)
  const host = env.HOST || '127.0.0.1'
  const role = (env.PARLEY_ROLE || 'all') as Role
  if (!roles.includes(role)) throw new Error(`PARLEY_ROLE must be one of ${roles.join(', ')}, not "${role}".`)
  const publicUrl = env.PARLEY_PUBLIC_URL?.replace(/\/+$/, '')
  if (publicUrl && !URL.canParse(publicUrl))
    throw new Error(`PARLEY_PUBLIC_URL must be a URL such as https://chat.example.com, not "${publicUrl}".`)
  if (env.PARLEY_SECRET_KEY && env.PARLEY_SECRET_KEY.length < 16) throw new Error('PARLEY_SECRET_KEY must have at least 16 characters.')
  const unknown = argv.filter((argument) => argument !== '--demo')
  if (unknown.length > 0) throw new Error(`Unknown argument ${unknown.join(' ')}; npm start takes --demo only.`)
  return {
    port,
    host,
    databaseUrl: env.DATABASE_URL || null,
    redisUrl: env.REDIS_URL || null,
    dataDir: resolve(env.PARLEY_DATA_DIR || './data'),
    publicUrl: publicUrl || `http://${host}:${port}`,
    publicUrlIsSet: Boolean(publicUrl),
    admin: { email: env.PARLEY_ADMIN_EMAIL || null, password: env.PARLEY_ADMIN_PASSWORD || null },
    secretKey: env.PARLEY_SECRET_KEY || null,
    role,
    logLevel: env.LOG_LEVEL || 'info',
    demo: argv.includes('--demo'),
    presenceGraceMs: integer(env, 'PARLEY_PRESENCE_GRACE_MS', 60_000, 0, 3_600_000),
    outboundAllowList: list(env.PARLEY_OUTBOUND_ALLOW),
    engineThreads: integer(env, 'PARLEY_ENGINE_THREADS', 1, 1, 32),
    s3: readS3(env),
  }
}
