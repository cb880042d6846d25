// The settings of a service of the fleet, from its environment.
const { INSTANCE, PORT, GRACE, POSTGRES, REDIS, ETCD, SPOOL } = process.env

export const instance = {
  name: INSTANCE ?? 'orders-1',
  port: Number(PORT ?? 3000),
  /** What is granted between SIGTERM and SIGKILL: the same number as in the deployment. */
  grace: GRACE ?? '10s',
  /**
   * How long an unused connection is kept, in milliseconds: longer than the load balancer keeps it, which
   * is 60 s for nginx. Else a request may cross the closing.
   */
  keepAliveTimeout: 65_000,
  postgres: POSTGRES ?? 'postgres://localhost/orders',
  redis: REDIS ?? 'redis://localhost',
  etcd: ETCD ?? 'http://127.0.0.1:2379',
  /** Where events are kept that could not be delivered: somewhere that outlives the instance. */
  spool: SPOOL ?? `${INSTANCE ?? 'orders-1'}.events.json`,
}
