/**
 * How the local PostgreSQL is run: small, on one machine, and honest about what a write costs.
 *
 * fsync and synchronous_commit stay on. Killing processes would lose nothing without them, because the operating
 * system keeps what was written; but the strategies' write latencies are compared with etcd, which syncs its log
 * too, so the price of durability belongs into the figures.
 */
export const commonSettings: Readonly<Record<string, string | number>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: 100,
  shared_buffers: '64MB',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'top',
  // BEGIN and COMMIT are no queries; transactions are counted elsewhere.
  'pg_stat_statements.track_utility': 'off',
  wal_level: 'replica',
  max_wal_senders: 4,
  // A replica that was cut off for long still finds what it missed.
  wal_keep_size: '2GB',
  hot_standby: 'on',
  // The replica's reads are never cancelled because the primary cleaned up under them.
  hot_standby_feedback: 'on',
  // Instead of 60 s and 5 s: a cut replication link is noticed, and a healed one used, at the scale of a test.
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_retrieve_retry_interval: '200ms',
  // In the data folder, which is removed; POSIX shared memory would outlive a SIGKILL.
  dynamic_shared_memory_type: 'mmap',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%a ',
};

/** Nobody but who knows the password, and from this machine only. */
export const hostBasedAccess = `host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
`;

/** The services' own role and database, and the harness's. */
export const roles = {
  service: 'faultline',
  serviceDatabase: 'faultline',
  harness: 'faultline_harness',
  harnessDatabase: 'postgres',
} as const;
