import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { Setting } from '../../contracts/index.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import { describeErrors } from '../../platform/http/validation.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { audit } from './audit.ts'
import type { SecretBox } from './secrets.ts'
import { definitionOf, isSettingCode, type SettingCode, type SettingValues, settingRegistry } from './settings.registry.ts'

/** What stands for a secret in every answer. */
const mask = '********'

/** How long settings read from the database are believed, when no node announces a change, in milliseconds. */
const believeMs = 10_000

export interface SettingsServiceOptions {
  database: ParleyDatabase
  secrets: SecretBox
  /** Tells every node that settings changed. */
  announce(code: string): void
}

interface StoredSetting {
  code: string
  value: unknown
  updated_at: Date
  updated_by: string | null
  updated_by_name: string | null
}

/** System settings, kept in memory between changes. */
export class SettingsService {
  readonly #options: SettingsServiceOptions
  readonly #validators = new Map<SettingCode, Validator>()
  #known: { values: Promise<Map<string, unknown>>; until: number } | null = null

  constructor(options: SettingsServiceOptions) {
    this.#options = options
  }

  /** The value in force, with its secrets. */
  async get<Code extends SettingCode>(code: Code): Promise<SettingValues[Code]> {
    const values = await this.#values()
    return (values.has(code) ? values.get(code) : settingRegistry[code].fallback) as SettingValues[Code]
  }

  /** Every setting as an administrator sees it, without secrets. */
  async list(): Promise<Setting[]> {
    const stored = new Map((await this.#read()).map((row) => [row.code, row]))
    return (Object.keys(settingRegistry) as SettingCode[]).map((code) => this.#view(code, stored.get(code)))
  }

  /** @throws AppError 404; 422 INVALID_SETTING naming what is allowed */
  async put(code: string, value: unknown, agentId: string): Promise<Setting> {
    if (!isSettingCode(code)) throw notFound(`Setting ${code}`)
    await this.#options.database.transaction(async (work) => {
      const current = await work.trx.selectFrom('settings').select('value').where('code', '=', code).forUpdate().executeTakeFirst()
      const checked = this.#check(code, withKeptSecrets(code, value, this.#opened(code, current?.value)))
      const fields = { value: JSON.stringify(this.#sealed(code, checked)), updated_at: work.now, updated_by: agentId }
      await work.trx
        .insertInto('settings')
        .values({ code, ...fields })
        .onConflict((conflict) => conflict.column('code').doUpdateSet(fields))
        .execute()
      await audit(work, agentId, 'setting.changed', `setting:${code}`, { value: masked(code, checked) })
      work.afterCommit(() => {
        this.forget()
        this.#options.announce(code)
      })
    })
    this.forget()
    const stored = (await this.#read()).find((row) => row.code === code)
    return this.#view(code, stored)
  }

  /** Forgets what is in memory: a setting changed, here or on another node. */
  forget(): void {
    this.#known = null
  }

  #values(): Promise<Map<string, unknown>> {
    if (this.#known && this.#known.until > performance.now()) return this.#known.values
    const values = this.#read().then(
      (rows) => new Map(rows.flatMap((row) => (isSettingCode(row.code) ? [[row.code, this.#opened(row.code, row.value)] as const] : []))),
    )
    const known = { values, until: performance.now() + believeMs }
    this.#known = known
    // A failed read is not believed; whoever asked for it hears of the failure.
    values.catch(() => {
      if (this.#known === known) this.#known = null
    })
    return values
  }

  #read(): Promise<StoredSetting[]> {
    return this.#options.database.db
      .selectFrom('settings as s')
      .leftJoin('agents as a', 'a.id', 's.updated_by')
      .select(['s.code', 's.value', 's.updated_at', 's.updated_by', 'a.name as updated_by_name'])
      .execute()
  }

  #check(code: SettingCode, value: unknown): unknown {
    const { schema, normalise, allowed } = definitionOf(code)
    const wanted = normalise ? normalise(value) : value
    const validator = this.#validators.get(code) ?? Compile(schema as TSchema)
    this.#validators.set(code, validator)
    if (validator.Check(wanted)) return wanted
    throw new AppError('INVALID_SETTING', 422, `${code} must be ${allowed}.`, {
      details: { problems: describeErrors(validator.Errors(wanted) as Parameters<typeof describeErrors>[0]) },
    })
  }

  #sealed(code: SettingCode, value: unknown): unknown {
    return mapSecrets(code, value, (secret) => ({ sealed: this.#options.secrets.seal(secret).toString('base64') }))
  }

  #opened(code: SettingCode, value: unknown): unknown {
    return mapSecrets(code, value, (secret) => {
      const { sealed } = secret as { sealed: string }
      return this.#options.secrets.open(Buffer.from(sealed, 'base64'))
    })
  }

  #view(code: SettingCode, stored: StoredSetting | undefined): Setting {
    const { description, schema, fallback } = definitionOf(code)
    return {
      code,
      description,
      value: masked(code, stored ? stored.value : fallback),
      defaultValue: fallback,
      schema,
      updatedAt: stored?.updated_at.toISOString() ?? null,
      updatedBy: stored?.updated_by ? { id: stored.updated_by, name: stored.updated_by_name ?? '' } : null,
    }
  }
}

type Fields = Record<string, unknown>

function mapSecrets(code: SettingCode, value: unknown, change: (secret: unknown) => unknown): unknown {
  const secretFields = definitionOf(code).secretFields ?? []
  if (secretFields.length === 0 || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as Fields).map(([name, field]) => [name, secretFields.includes(name) ? change(field) : field]),
  )
}

const masked = (code: SettingCode, value: unknown): unknown => mapSecrets(code, value, () => mask)

/** A secret that comes back as its mask is the one that is stored; without one there is nothing to keep. */
function withKeptSecrets(code: SettingCode, value: unknown, current: unknown): unknown {
  const old = (typeof current === 'object' && current !== null ? current : {}) as Fields
  const secretFields = definitionOf(code).secretFields ?? []
  if (secretFields.length === 0 || typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Fields).flatMap(([name, field]) => {
    if (!secretFields.includes(name) || field !== mask) return [[name, field] as const]
    return name in old ? [[name, old[name]] as const] : []
  })
  return Object.fromEntries(entries)
}
