import { readdir, readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import { builtProgram } from '../../harness/project.ts';
import type { Instance } from '../../harness/service/instance.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { strategies, variants } from '../../strategies/list.ts';
import { prepareGround } from '../strategies/ground.ts';
import type { Bench, BenchRow } from './bench.ts';

/**
 * What a read that its cache answers costs a service instance, in CPU time of its process, beside a bare fastify route
 * that answers as much. One real process each, asked over HTTP in turn, in rounds; a ratio is of one round, since what
 * the machine does meanwhile is the same for both.
 */
export const bench: Bench = { name: 'cached-read', run };

const rounds = 21;
const requestsInRound = 2_000;
const warmUpRequests = 6_000;
const connections = 8;
const limit = 1.3;

const bare: StrategyDescription = {
  name: 'bare',
  summary: 'a fastify route',
  promises: () => [],
  command: [process.execPath, builtProgram('test/bench/bare-service.ts')],
};

interface Subject {
  readonly name: string;
  readonly path: string;
  readonly instance: Instance;
}

async function run(): Promise<readonly BenchRow[]> {
  await using ground = await prepareGround({ database: true });
  const subject = async (strategy: StrategyDescription, path: string): Promise<Subject> => {
    const instance = await ground.startInstance({ name: strategy.name, strategy });
    return { name: strategy.name, path, instance };
  };
  const named = (name: string) => [...strategies, ...variants].find((one) => one.name === name)!;
  const subjects = [
    await subject(bare, '/kv/k?consistency=session'),
    await subject(named('cache-lru'), '/kv/k?consistency=eventual'),
    await subject(named('lease-session'), '/kv/k?consistency=session'),
    await subject(named('write-behind'), '/kv/k?consistency=session'),
  ];
  try {
    for (const one of subjects.slice(1)) await write(one);
    for (const one of subjects) await asked(one, warmUpRequests);
    const micros = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      const first = round % subjects.length;
      for (const one of [...subjects.slice(first), ...subjects.slice(0, first)]) {
        micros.get(one.name)!.push(await asked(one, requestsInRound));
      }
    }
    return subjects.flatMap(({ name }) => rowsOf(name, micros.get(name)!, micros.get(bare.name)!));
  } finally {
    await Promise.all(subjects.map(({ instance }) => instance.stop()));
  }
}

function rowsOf(name: string, own: readonly number[], bares: readonly number[]): BenchRow[] {
  const cost = { what: `${name}: CPU of a cached read, median of ${rounds}`, value: median(own), unit: 'µs' };
  if (name === bare.name) return [{ ...cost, what: `a bare fastify route, median of ${rounds}` }];
  const ratio = median(own.map((micros, round) => micros / bares[round]!));
  return [
    cost,
    {
      what: `${name}: over the bare route`,
      value: ratio,
      unit: 'x',
      target: `at most ${limit}`,
      met: ratio <= limit,
    },
  ];
}

async function write({ instance }: Subject): Promise<void> {
  const pool = new Pool(instance.url);
  const body = JSON.stringify({ value: 'v'.repeat(100) });
  const headers = { 'content-type': 'application/json' };
  const { statusCode, body: answer } = await pool.request({ method: 'PUT', path: '/kv/k', headers, body });
  await answer.dump();
  await pool.close();
  if (statusCode !== 200) throw new Error(`${instance.name}: a write was answered ${statusCode}`);
}

/** Asks over a few connections, each one at a time; the CPU time of the instance in microseconds a request. */
async function asked({ path, instance }: Subject, requests: number): Promise<number> {
  const pool = new Pool(instance.url, { connections, pipelining: 1 });
  let left = requests;
  const worker = async () => {
    while (left-- > 0) {
      const { statusCode, headers, body } = await pool.request({ method: 'GET', path });
      await body.dump();
      const { 'x-cache': cache = 'hit' } = headers;
      if (statusCode !== 200 || cache === 'stale')
        throw new Error(`${instance.name}: a read was answered ${statusCode}, ${cache}`);
    }
  };
  const beforeNs = await cpuNs(instance.pid);
  await Promise.all(Array.from({ length: connections }, worker));
  const afterNs = await cpuNs(instance.pid);
  await pool.close();
  return (afterNs - beforeNs) / 1_000 / requests;
}

/** Of all threads, garbage collection too; to the nanosecond, where /proc/<pid>/stat counts in 10 ms. */
async function cpuNs(pid: number): Promise<number> {
  const tasks = `/proc/${pid}/task`;
  const times = (await readdir(tasks)).map(async (task) =>
    Number((await readFile(`${tasks}/${task}/schedstat`, 'utf8')).split(' ')[0]),
  );
  return (await Promise.all(times)).reduce((sum, ns) => sum + ns, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
