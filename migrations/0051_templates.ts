import { type Kysely, sql } from 'kysely'

/** Message templates, and which of them each agent used last. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(templates).execute(db)
}

const templates = `
create table templates (
  id bigint generated always as identity primary key,
  name text not null,
  body text not null,
  language text,
  queue_ids bigint[] not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index templates_by_name on templates (lower(name) collate "C", id);

create table template_uses (
  agent_id bigint not null references agents on delete cascade,
  template_id bigint not null references templates on delete cascade,
  used_at timestamptz not null,
  primary key (agent_id, template_id)
);
create index template_uses_recent on template_uses (agent_id, used_at desc);
create index template_uses_template on template_uses (template_id);
`
