import type { Operation } from '../../harness/history/operation.ts';
import { type Random, seeded } from '../../harness/random.ts';
import { type Generated, plan } from './generate.ts';

type Asked = Pick<Operation, 'f' | 'value'> & { readonly key?: string };

/** A Specification says again, apart from the checker's models, what an object does; histories are made from it. */
export interface Specification {
  readonly name: string;
  readonly initial: unknown;
  /** Something to ask; `unique` differs each time. */
  invent(random: Random, unique: number): Asked;
  /** The state afterwards and the answer; undefined when the object refuses. */
  run(
    state: unknown,
    asked: Pick<Operation, 'f' | 'key' | 'value'>,
  ): { readonly state: unknown; readonly answer?: { value?: unknown; swapped?: boolean } } | undefined;
}

function specification<State>(
  name: string,
  initial: State,
  invent: Specification['invent'],
  run: (
    state: State,
    f: Operation['f'],
    value: unknown,
    key: string,
  ) => { state: State; answer?: { value?: unknown; swapped?: boolean } } | undefined,
): Specification {
  return {
    name,
    initial,
    invent,
    run: (state, { f, value, key }) => run(state as State, f, value, key),
  };
}

/** [name of the model, with what values are drawn from]: few values make histories harder. */
export const specifications: readonly Specification[] = [
  ...(['register', 'cas-register'] as const).map((name) =>
    specification<unknown>(
      name,
      null,
      (random) => {
        const f = random.pick(['read', 'read', 'write', 'cas'] as const);
        const value = random.integer(1, 4);
        return { f, value: f === 'read' ? undefined : f === 'cas' ? [random.integer(1, 4), value] : value };
      },
      (state, f, value) => {
        if (f === 'read') return { state, answer: { value: state } };
        if (f === 'write') return { state: value };
        const [from, to] = value as [unknown, unknown];
        return from === state
          ? { state: to, answer: { swapped: true } }
          : { state, answer: { swapped: false } };
      },
    ),
  ),
  specification(
    'kv',
    '',
    (random, unique) => {
      const f = random.pick(['read', 'read', 'write', 'append', 'append'] as const);
      return { f, value: f === 'read' ? undefined : `${unique % 7} ` };
    },
    (state, f, value) => {
      if (f === 'read') return { state, answer: { value: state } };
      return { state: f === 'write' ? String(value) : state + String(value) };
    },
  ),
  specification<readonly number[]>(
    'set',
    [],
    (random) => {
      const f = random.pick(['read', 'add'] as const);
      return { f, value: f === 'read' ? undefined : random.integer(0, 9) };
    },
    (state, f, value) => {
      if (f === 'read') return { state, answer: { value: state } };
      return { state: [...new Set([...state, value as number])].sort((x, y) => x - y) };
    },
  ),
  specification(
    'counter',
    0,
    (random) => {
      const f = random.pick(['read', 'add', 'add'] as const);
      return { f, value: f === 'read' ? undefined : random.integer(-2, 3) };
    },
    (state, f, value) =>
      f === 'read' ? { state, answer: { value: state } } : { state: state + (value as number) },
  ),
  specification(
    'mutex',
    '',
    (random) => ({ f: random.pick(['acquire', 'release'] as const), value: random.pick(['a', 'b']) }),
    (state, f, value) => {
      if (f === 'acquire') return state === '' ? { state: String(value) } : undefined;
      return state === value ? { state: '' } : undefined;
    },
  ),
  specification<readonly unknown[]>(
    'queue',
    [],
    (random, unique) => {
      const f = random.pick(['enqueue', 'dequeue'] as const);
      return { f, value: f === 'enqueue' ? unique % 9 : undefined };
    },
    ([oldest, ...others], f, value) => {
      const state = oldest === undefined ? [] : [oldest, ...others];
      if (f === 'enqueue') return { state: [...state, value] };
      return { state: others, answer: { value: oldest ?? null } };
    },
  ),
  specification<readonly unknown[]>(
    'multi-register',
    [null, null, null],
    (random) => {
      if (random.number() < 0.3) {
        const f = random.pick(['read', 'write'] as const);
        return {
          f,
          key: random.pick(['0', '1', '2']),
          value: f === 'read' ? undefined : random.integer(1, 3),
        };
      }
      const keys = random.shuffle(['0', '1', '2']).slice(0, random.integer(1, 3));
      return {
        f: 'txn',
        value: keys.map((key) =>
          random.number() < 0.5 ? ['r', key, null] : ['w', key, random.integer(1, 3)],
        ),
      };
    },
    (state, f, value, key) => {
      const steps = f === 'txn' ? (value as unknown[][]) : [[f === 'read' ? 'r' : 'w', key, value]];
      const registers = [...state];
      const answers = steps.map(([step, at, written]) => {
        if (step === 'w') registers[Number(at)] = written;
        return [step, at, registers[Number(at)]];
      });
      if (f === 'txn') return { state: registers, answer: { value: answers } };
      return { state: registers, ...(f === 'read' ? { answer: { value: answers[0]![2] } } : {}) };
    },
  ),
];

/** A history of one object as it would have given it, and linearizable therefore; see `generate`. */
export function generateBy(
  { invent, run, initial }: Specification,
  { seed, clients, operations, infoShare = 0 }: Omit<Generated, 'keys' | 'mix'>,
): Operation[] {
  const plans = plan({ seed, clients, operations, infoShare, keys: 1, mix: { read: 1 } });
  const random = seeded(seed).fork('invent');
  let state = initial;
  return plans
    .sort((x, y) => x.atNs - y.atNs)
    .map((one, unique): Operation => {
      const { process, outcome, happens, invokeNs, returnNs } = one;
      const asked = { key: 'k', ...invent(random, unique) };
      const answers = asked.f === 'read' || asked.f === 'dequeue';
      const ran = happens ? run(state, asked) : undefined;
      if (ran !== undefined) state = ran.state;
      const sent = { process, ...asked, invokeNs };
      if (outcome === 'info') {
        const value = answers ? undefined : asked.value;
        return { ...sent, value, outcome, returnNs: Number.POSITIVE_INFINITY, endedNs: returnNs };
      }
      return ran === undefined
        ? { ...sent, outcome: 'fail', returnNs }
        : { ...sent, ...ran.answer, outcome, returnNs };
    })
    .sort((x, y) => x.invokeNs - y.invokeNs);
}
