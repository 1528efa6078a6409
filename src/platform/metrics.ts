import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** Prometheus metrics of this process; names start with `parley_`. */
export interface Metrics {
  registry: Registry
  webhooksRefused: Counter<'kind'>
  webhookEvents: Counter<'kind' | 'event'>
  jobRuns: Counter<'job' | 'outcome'>
  connections: Gauge
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'parley_' })
  const registers = [registry]
  return {
    registry,
    webhooksRefused: new Counter({
      name: 'parley_webhooks_refused_total',
      help: 'Webhooks with a wrong signature or secret',
      labelNames: ['kind'],
      registers,
    }),
    webhookEvents: new Counter({
      name: 'parley_webhook_events_total',
      help: 'Events taken from webhooks',
      labelNames: ['kind', 'event'],
      registers,
    }),
    jobRuns: new Counter({ name: 'parley_job_runs_total', help: 'Ends of job attempts', labelNames: ['job', 'outcome'], registers }),
    connections: new Gauge({ name: 'parley_websocket_connections', help: 'Open WebSockets', registers }),
  }
}
