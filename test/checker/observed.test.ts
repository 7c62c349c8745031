import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availability } from '../../harness/checker/availability.ts';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { leaseNotices, leaseTruth, tellNotices } from '../../harness/checker/lease-truth.ts';
import { memberRevisions } from '../../harness/checker/member-revisions.ts';
import { membersAgree } from '../../harness/checker/members-agree.ts';
import { processHealth } from '../../harness/checker/process-health.ts';
import { splitBrain } from '../../harness/checker/split-brain.ts';
import { storesAgree } from '../../harness/checker/stores-agree.ts';
import type {
  LeaseBelief,
  LeasesSeen,
  MemberHash,
  MemberLog,
  MemberSeen,
  Observation,
  StoreSeen,
} from '../../harness/history/observation.ts';
import type { FaultWindow } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';
import { table } from './table.ts';

const msNs = 1e6;
const see = (
  member: string,
  atMs: number,
  revision: number | undefined,
  more: Partial<MemberSeen> = {},
): MemberSeen => ({
  kind: 'member',
  member,
  askedNs: atMs * msNs,
  answeredNs: (atMs + 1) * msNs,
  process: 'up',
  ...(revision !== undefined && { revision }),
  ...more,
});
const down = (member: string, atMs: number) => see(member, atMs, undefined, { process: 'down' });
const hash = (
  member: string,
  atMs: number,
  value: number | undefined,
  more: Partial<MemberHash> = {},
): MemberHash => ({
  kind: 'hash',
  member,
  askedNs: atMs * msNs,
  answeredNs: (atMs + 1) * msNs,
  revision: 90,
  compactRevision: 0,
  ...(value === undefined ? { reason: 'no answer within 250 ms' } : { hash: value }),
  ...more,
});
const log = (member: string, more: Partial<MemberLog> = {}): MemberLog => ({
  kind: 'log',
  member,
  lines: 40,
  serious: [],
  elections: [],
  ...more,
});
const store = (
  name: StoreSeen['store'],
  atMs: number,
  values: Readonly<Record<string, unknown>> | undefined,
): StoreSeen => ({
  kind: 'store',
  store: name,
  askedNs: atMs * msNs,
  answeredNs: (atMs + 1) * msNs,
  ...(values === undefined ? { reason: 'no answer within 1000 ms' } : { values }),
});
/** One look at all three, and the same again. */
const twice = (
  etcd: Readonly<Record<string, unknown>>,
  primary: Readonly<Record<string, unknown>>,
  replica: Readonly<Record<string, unknown>>,
) => ({
  observations: [0, 100].flatMap((atMs) => [
    store('etcd', atMs, etcd),
    store('primary', atMs + 10, primary),
    store('replica', atMs + 20, replica),
  ]),
});
const fault = (targets: string[], fromMs: number, toMs: number): FaultWindow => ({
  nemesis: 'kill-member',
  sentence: `${targets} killed`,
  targets,
  fromNs: fromMs * msNs,
  toNs: toMs * msNs,
});

describe('stores of one strategy', () => {
  const all = { k1: 1, k2: 2 };
  table(storesAgree, [
    ['that have the same', twice(all, all, all), 'valid'],
    ['that have nothing', twice({}, {}, {}), 'valid'],
    ['that are asked once', { observations: twice(all, all, all).observations.slice(0, 3) }, 'valid'],
    ['without a replica', { observations: [store('etcd', 0, all), store('primary', 1, all)] }, 'valid'],
    [
      'of which the replica had to catch up',
      {
        observations: [
          ...twice(all, all, { k1: 1 }).observations,
          store('etcd', 200, all),
          store('primary', 210, all),
          store('replica', 220, all),
        ],
      },
      'valid',
    ],
    [
      'whose values are lists and objects',
      twice({ k: [{ a: 1 }] }, { k: [{ a: 1 }] }, { k: [{ a: 1 }] }),
      'valid',
    ],
    [
      'of which one tells of a deleted key as nothing',
      twice({ k1: 1 }, { k1: 1, k2: null }, { k1: 1 }),
      'valid',
    ],
    [
      'whose keys are named as every object has them',
      twice(
        { constructor: 1, toString: 2 },
        { constructor: 1, toString: 2 },
        { constructor: 1, toString: 2 },
      ),
      'valid',
    ],
    [
      'with an old value at the replica',
      twice(all, all, { ...all, k2: 1 }),
      /^k2: etcd has 2, replica has 1, asked at 121 ms$/,
    ],
    [
      'with an old value at the primary',
      twice(all, { ...all, k1: 0 }, all),
      /^k1: etcd has 1, primary has 0/,
    ],
    [
      'of which the database lacks a key',
      twice(all, { k1: 1 }, { k1: 1 }),
      /^k2: etcd has 2, primary has nothing/,
    ],
    ['of which etcd lacks a key', twice({ k1: 1 }, all, all), /^k2: etcd has nothing, primary has 2/],
    [
      'of which etcd has all and the database none',
      twice(all, {}, {}),
      /^k1: etcd has 1, primary has nothing/,
    ],
    [
      'whose key is named as every object has it',
      twice({}, { toString: 1 }, {}),
      /^toString: etcd has nothing, primary has 1/,
    ],
    [
      'that told a number as a text',
      twice({ k1: 1 }, { k1: '1' }, { k1: 1 }),
      /^k1: etcd has 1, primary has "1"/,
    ],
    [
      'of which another key still changed',
      {
        observations: [
          ...twice(all, { k1: 0, k2: 0 }, all).observations.slice(0, 3),
          store('etcd', 100, all),
          store('primary', 110, { k1: 0, k2: 1 }),
          store('replica', 120, all),
        ],
      },
      /^k1: etcd has 1, primary has 0/,
    ],
    [
      'that differ and still change',
      {
        observations: [
          ...twice(all, { k1: 1 }, all).observations.slice(0, 3),
          store('etcd', 100, all),
          store('primary', 110, { k1: 1, k2: 1 }),
          store('replica', 120, all),
        ],
      },
      { unknown: /^k2: etcd and primary differed when they were asked last, but not twice/ },
    ],
    [
      'that differ in the only look',
      { observations: twice(all, { k1: 1 }, all).observations.slice(0, 3) },
      { unknown: /not twice in the same way/ },
    ],
    [
      'of which one did not answer before',
      {
        observations: [
          store('etcd', 0, all),
          store('primary', 10, undefined),
          store('etcd', 100, all),
          store('primary', 110, { k1: 1 }),
        ],
      },
      { unknown: /not twice in the same way/ },
    ],
    [
      'of which one is silent in the end',
      { observations: [...twice(all, all, all).observations, store('replica', 200, undefined)] },
      { unknown: /^replica was not there to be asked: no answer within 1000 ms/ },
    ],
    ['that nobody looked at', { observations: [] }, { unknown: /^nobody looked at the stores themselves/ }],
    [
      'of which only one was looked at',
      { observations: [store('etcd', 0, all), store('etcd', 100, all)] },
      { unknown: /^nobody looked/ },
    ],
  ]);
});

describe('revisions of members', () => {
  table(memberRevisions, [
    ['that grow', { observations: [see('m1', 0, 5), see('m1', 10, 7), see('m1', 20, 9)] }, 'valid'],
    ['that stand still', { observations: [see('m1', 0, 5), see('m1', 10, 5)] }, 'valid'],
    [
      'one lags behind the others',
      { observations: [see('m1', 0, 9), see('m2', 5, 4), see('m1', 10, 9), see('m2', 15, 4)] },
      'valid',
    ],
    ['a restart', { observations: [see('m1', 0, 5), down('m1', 10), see('m1', 20, 6)] }, 'valid'],
    [
      'it did not answer for a while',
      { observations: [see('m1', 0, 5), see('m1', 10, undefined), see('m1', 20, 5)] },
      'valid',
    ],
    [
      'two questions under way at once have no order',
      { observations: [see('m1', 0, 9, { answeredNs: 20 * msNs }), see('m1', 5, 7), see('m1', 30, 9)] },
      'valid',
    ],
    [
      'another member under the same name',
      {
        observations: [
          see('m1', 0, 9, { id: 'a' }),
          see('m1', 10, 9, { id: 'a' }),
          see('m1', 20, 2, { id: 'b' }),
          see('m1', 30, 3, { id: 'b' }),
        ],
      },
      'valid',
    ],
    [
      'that fall',
      { observations: [see('m1', 0, 5), see('m1', 10, 4)] },
      /^m1 showed revision 4 at 10 ms, after it had shown 5 at 1 ms/,
    ],
    [
      'that fall across a restart',
      { observations: [see('m2', 0, 90), down('m2', 10), see('m2', 20, 84)] },
      /m2 showed revision 84/,
    ],
    [
      'that fall long after',
      { observations: [see('m1', 0, 9), see('m1', 10, 10), see('m1', 20, 10), see('m1', 30, 9)] },
      /revision 9 .* shown 10/,
    ],
    [
      'of one among others',
      { observations: [see('m1', 0, 9), see('m2', 0, 9), see('m1', 10, 9), see('m2', 10, 8)] },
      /^m2/,
    ],
    [
      'that fall and come back',
      { observations: [see('m1', 0, 9), see('m1', 10, 3), see('m1', 20, 9)] },
      /revision 3/,
    ],
    ['that fall to nothing', { observations: [see('m1', 0, 9), see('m1', 10, 1)] }, /revision 1 /],
    [
      'that fall while it did not answer',
      { observations: [see('m1', 0, 9), see('m1', 10, undefined), see('m1', 20, 8)] },
      /revision 8/,
    ],
    ['nobody looked', {}, { unknown: /no member was observed/ }],
    [
      'one never answered',
      { observations: [see('m1', 0, 5), see('m1', 10, 5), see('m2', 0, undefined)] },
      { unknown: /m2 did not tell its revision twice/ },
    ],
  ]);
});

describe('hashes of members', () => {
  const all = (value: number, atMs = 0, more: Partial<MemberHash> = {}) =>
    ['m1', 'm2', 'm3'].map((member) => hash(member, atMs, value, more));
  table(membersAgree, [
    ['are equal', { observations: all(1) }, 'valid'],
    [
      'are equal as of two revisions',
      { observations: [...all(1), ...all(2, 50, { revision: 95 })] },
      'valid',
    ],
    [
      'of different compactions are not comparable',
      {
        observations: [
          hash('m1', 0, 7, { compactRevision: 50 }),
          hash('m2', 0, 8),
          ...all(1, 50, { compactRevision: 50, revision: 95 }),
        ],
      },
      'valid',
    ],
    ['differed while one was compacting', { observations: [hash('m1', 0, 7), ...all(1, 50)] }, 'valid'],
    [
      'one did not answer at first',
      { observations: [hash('m1', 0, 1), hash('m2', 0, 1), hash('m3', 0, undefined), ...all(1, 50)] },
      'valid',
    ],
    ['of a cluster of two', { observations: [hash('m1', 0, 1), hash('m2', 0, 1)] }, 'valid'],
    [
      'differ',
      { observations: [...all(1), hash('m3', 5, 0x77c2), hash('m3', 50, 0x77c2)] },
      { unknown: /differed, but were asked for only once/ },
    ],
    [
      'differ and go on to',
      { observations: [...all(1), hash('m3', 5, 0x77c2), ...all(1, 50), hash('m3', 55, 0x77c2)] },
      /^the members' keys differ as of revision 90, asked at 56 ms: hashes .*m3 77c2/,
    ],
    [
      'of two of them differ',
      {
        observations: [0, 50].flatMap((at) => [
          hash('m1', at, 1),
          hash('m2', at, 2),
          hash('m3', at, undefined),
        ]),
      },
      /m1 1, m2 2|m2 2, m1 1/,
    ],
    [
      'differ after a compaction',
      {
        observations: [0, 50].flatMap((at) => [
          hash('m1', at, 1, { compactRevision: 50 }),
          hash('m2', at, 2, { compactRevision: 50 }),
        ]),
      },
      /compacted up to 50/,
    ],
    [
      'differ at one revision and are equal at the next',
      {
        observations: [
          ...[0, 50].flatMap((at) => [hash('m1', at, 1), hash('m2', at, 2)]),
          hash('m1', 90, 5, { revision: 99 }),
          hash('m2', 90, 5, { revision: 99 }),
        ],
      },
      /revision 90/,
    ],
    [
      'all differ',
      { observations: [0, 50].flatMap((at) => [hash('m1', at, 1), hash('m2', at, 2), hash('m3', at, 3)]) },
      /differ/,
    ],
    [
      'differ at the end after they had been equal',
      {
        observations: [
          ...all(1),
          ...[50, 80].flatMap((at) => [
            hash('m1', at, 1, { revision: 95 }),
            hash('m2', at, 2, { revision: 95 }),
          ]),
        ],
      },
      /revision 95/,
    ],
    ['were not asked for', {}, { unknown: /no member was asked/ }],
    [
      'lack one',
      { observations: [see('m3', 0, 90), hash('m1', 0, 1), hash('m2', 0, 1)] },
      { unknown: /no hash of all 3 members/ },
    ],
    ['of one', { observations: [hash('m1', 0, 1)] }, { unknown: /one member only/ }],
    [
      'were never told',
      { observations: [hash('m1', 0, 1), hash('m2', 0, undefined)] },
      { unknown: /m2: no answer within 250 ms/ },
    ],
  ]);
});

describe('health of processes', () => {
  const serious = [{ line: 12, level: 'panic', text: 'unexpected removal of unknown remote peer' }];
  const logs = [log('m1'), log('m2')];
  const full = [{ line: 3, level: 'fatal', text: 'failed to commit tx (write db: no space left on device)' }];
  const fullDisk = (targets: string[]) => ({ ...fault(targets, 0, 9e6), nemesis: 'full-disk' });
  table(processHealth, [
    ['nothing in the logs', { observations: logs }, 'valid'],
    ['all are up', { observations: [...logs, see('m1', 0, 1), see('m2', 0, 1)] }, 'valid'],
    [
      'one was killed by a fault',
      { observations: [...logs, down('m1', 50)], faults: [fault(['m1'], 40, 60)] },
      'valid',
    ],
    [
      'it was seen down before the fault says so',
      { observations: [...logs, down('m1', 30)], faults: [fault(['m1'], 40, 60)] },
      'valid',
    ],
    [
      'it is not up again when the fault is healed',
      { observations: [...logs, down('m1', 70)], faults: [fault(['m1'], 40, 60)] },
      'valid',
    ],
    ['one is paused', { observations: [...logs, see('m1', 0, undefined, { process: 'paused' })] }, 'valid'],
    ['elections are no fault', { observations: [log('m1', { elections: [{ id: 'a', term: 2 }] })] }, 'valid'],
    [
      'a panic',
      { observations: [log('m1'), log('m2', { serious })] },
      /^m2 logged a panic in line 12 of its log: unexpected removal/,
    ],
    [
      'several',
      { observations: [log('m2', { serious: [...serious, ...serious] })] },
      /and 1 more such lines/,
    ],
    [
      'something fatal',
      { observations: [log('m1', { serious: [{ line: 1, level: 'fatal', text: 'no space left' }] })] },
      /m1 logged a fatal/,
    ],
    [
      'its disk was full',
      { observations: [log('m1', { serious: full })], faults: [fullDisk(['m1'])] },
      'valid',
    ],
    [
      "another's disk was full",
      { observations: [log('m2', { serious: full })], faults: [fullDisk(['m1'])] },
      /m2 logged a fatal/,
    ],
    [
      'the disk was full by itself',
      { observations: [log('m1', { serious: full })], faults: [fault(['m1'], 0, 9e6)] },
      /m1 logged a fatal/,
    ],
    [
      'its disk was full, and then it panicked of something else',
      { observations: [log('m1', { serious: [...full, ...serious] })], faults: [fullDisk(['m1'])] },
      /^m1 logged a panic in line 12 of its log: unexpected removal/,
    ],
    [
      'a panic under a fault is one all the same',
      { observations: [log('m1', { serious })], faults: [fault(['m1'], 0, 9e6)] },
      /m1 logged a panic/,
    ],
    [
      'one is down, and nobody took it down',
      { observations: [...logs, down('m1', 50)] },
      /^m1 was down at 51 ms, and no fault/,
    ],
    [
      'the fault was for another',
      { observations: [...logs, down('m1', 50)], faults: [fault(['m2'], 40, 60)] },
      /m1 was down/,
    ],
    [
      'long after the fault',
      { observations: [...logs, down('m1', 5_000)], faults: [fault(['m1'], 40, 60)] },
      /m1 was down/,
    ],
    ['nobody looked', {}, { unknown: /no log of a member/ }],
    [
      'one log was not read',
      { observations: [log('m1'), see('m2', 0, 1)] },
      { unknown: /the log of m2 was not read/ },
    ],
    [
      'one log could not be read',
      { observations: [log('m1', { lines: 0, reason: 'ENOENT' })] },
      { unknown: /m1 was not read \(m1: ENOENT\)/ },
    ],
  ]);
});

describe('split brain', () => {
  const led = (member: string, ...terms: number[]) =>
    log(member, { elections: terms.map((term) => ({ id: `id-${member}`, term })) });
  const rev = (revision: number, more = {}) => ({ revision, ...more });
  table(splitBrain, [
    ['a leader a term', { observations: [led('m1', 2, 5), led('m2', 3), led('m3', 4)] }, 'valid'],
    ['terms without a leader', { observations: [led('m1', 2), led('m2', 9)] }, 'valid'],
    ['a write and a read of it', [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(4))], 'valid'],
    [
      'two keys of one transaction',
      [ok.write(1, 0, 1, rev(4)), ok.write(2, 0, 1, rev(4, { key: 'b' }))],
      'valid',
    ],
    [
      'nothing there has the revision of some other write',
      [ok.write(1, 0, 1, rev(4)), ok.read(null, 2, 3, rev(4))],
      'valid',
    ],
    [
      'what failed has none',
      [ok.write(1, 0, 1, rev(4)), fail.write(2, 2, 3, rev(4)), info.write(3, 2, 3, rev(4))],
      'valid',
    ],
    [
      'a compare that did not hold tells the revision of another write',
      [ok.write(1, 0, 1, rev(4)), ok.miss(7, 8, 2, 3, rev(4))],
      'valid',
    ],
    [
      'the same content of one key',
      [ok.read({ a: 1, b: 2 }, 0, 1, rev(4)), ok.read({ b: 2, a: 1 }, 2, 3, rev(4))],
      'valid',
    ],
    [
      'two leaders in one term',
      { observations: [led('m1', 2, 4), led('m3', 4)] },
      /^both m[13] and m[13] became leader in term 4/,
    ],
    ['two leaders in the first term', { observations: [led('m1', 2), led('m2', 2), led('m3', 3)] }, /term 2/],
    [
      'two writes of one revision',
      [ok.write(1, 0, 1, rev(4)), ok.write(2, 2, 3, rev(4))],
      /^k: revision 4 has two contents: write 1 .* and write 2/,
    ],
    [
      'two reads of one revision',
      [ok.read(1, 0, 1, rev(4)), ok.read(2, 2, 3, rev(4))],
      /revision 4 has two contents: read 1/,
    ],
    ['a delete and a write', [ok.delete(0, 1, rev(4)), ok.write(2, 2, 3, rev(4))], /two contents: delete/],
    [
      'a compare and a read',
      [ok.cas(1, 2, 0, 1, rev(4)), ok.read(1, 2, 3, rev(4))],
      /two contents: cas 1 to 2/,
    ],
    ['nobody looked', [ok.write(1, 0, 1)], { unknown: /neither elections nor revisions/ }],
    [
      'logs without an election',
      { observations: [log('m1')], operations: [ok.write(1, 0, 1, rev(4))] },
      { unknown: /no election/ },
    ],
  ]);
});

describe('truth of leases', () => {
  const leases = (
    member: string,
    atMs: number,
    revision: number,
    held: readonly (readonly [string, number])[],
  ): LeasesSeen => ({
    kind: 'leases',
    member,
    askedNs: atMs * msNs,
    answeredNs: (atMs + 1) * msNs,
    revision,
    held: held.map(([holder, epoch]) => ({ holder, epoch })),
  });
  const believes = (
    holder: string,
    atMs: number,
    epoch: number,
    alive = true,
    more: Partial<LeaseBelief> = {},
  ): LeaseBelief => ({
    kind: 'belief',
    holder,
    epoch,
    alive,
    askedNs: atMs * msNs,
    answeredNs: (atMs + 2) * msNs,
    ...more,
  });
  const holds = (holder: string, fromMs: number, toMs: number, resource = 'lock'): LeaseBelief =>
    believes(holder, fromMs, 1, true, { answeredNs: toMs * msNs, throughout: true, resource });
  const held = leases('m1', 0, 5, [['s1', 4]]);
  const gone = leases('m1', 20, 9, []);
  table(leaseTruth, [
    ['it believes while it is there', { observations: [held, believes('s1', 1, 4)] }, 'valid'],
    [
      'it stops before the server does',
      { observations: [held, believes('s1', 1, 4), believes('s1', 10, 4, false), gone] },
      'valid',
    ],
    [
      'it was asked before the server had answered',
      { observations: [held, gone, believes('s1', 20, 4)] },
      'valid',
    ],
    ['it does not believe any more', { observations: [held, gone, believes('s1', 30, 4, false)] }, 'valid'],
    [
      'it has a new one',
      { observations: [held, gone, believes('s1', 30, 12), leases('m1', 40, 12, [['s1', 12]])] },
      'valid',
    ],
    [
      'a member that lags behind does not have it yet',
      { observations: [held, leases('m2', 5, 3, []), believes('s1', 30, 4)] },
      'valid',
    ],
    [
      'an observer that looks in the wrong place',
      {
        observations: [
          leases('m1', 0, 5, [['s2', 3]]),
          leases('m1', 20, 9, [['s2', 3]]),
          believes('s1', 30, 4),
        ],
      },
      'valid',
    ],
    ['two holders one after the other', { observations: [holds('a', 0, 10), holds('b', 10, 20)] }, 'valid'],
    [
      'two holders of two resources',
      { observations: [holds('a', 0, 10), holds('b', 5, 20, 'other')] },
      'valid',
    ],
    [
      'two moments that nobody knows',
      {
        observations: [
          believes('a', 0, 1, true, { resource: 'lock' }),
          believes('b', 1, 2, true, { resource: 'lock' }),
        ],
      },
      'valid',
    ],
    [
      'it believes after the server has let it go',
      { observations: [held, gone, believes('s1', 500, 4)] },
      /^s1 still believed in its lease of epoch 4 at 500 ms, at least 479 ms after m1 no longer had it \(revision 9, 21 ms\)/,
    ],
    [
      'for long',
      {
        observations: [
          held,
          gone,
          believes('s1', 30, 4),
          believes('s1', 900, 4),
          believes('s1', 950, 4, false),
        ],
      },
      /at 900 ms/,
    ],
    [
      'another registration has taken its place',
      { observations: [held, leases('m1', 20, 12, [['s1', 11]]), believes('s1', 30, 4)] },
      /epoch 4/,
    ],
    [
      'another member shows it',
      { observations: [held, leases('m3', 20, 9, []), believes('s1', 30, 4)] },
      /m3 no longer had it/,
    ],
    [
      'one of two',
      {
        observations: [
          leases('m1', 0, 6, [
            ['s1', 4],
            ['s2', 5],
          ]),
          leases('m1', 20, 9, [['s1', 4]]),
          believes('s1', 30, 4),
          believes('s2', 30, 5),
        ],
      },
      /^s2 still/,
    ],
    [
      'two holders at once',
      { observations: [holds('a', 0, 10), holds('b', 5, 20)] },
      /^lock: both a \(.*\) and b \(5 ms to 20 ms\) believed to hold it/,
    ],
    ['one inside the other', { observations: [holds('a', 0, 30), holds('b', 5, 20)] }, /both a .* and b/],
    [
      'one at a moment inside the time of the other',
      { observations: [holds('a', 0, 30), believes('b', 5, 2, true, { resource: 'lock' })] },
      /both a .* and b/,
    ],
    ['nobody told', { observations: [held] }, { unknown: /no instance told/ }],
    [
      'nobody looked at the server',
      { observations: [believes('s1', 30, 4)] },
      { unknown: /no lease was seen at any member/ },
    ],
  ]);

  it('tells how soon each holder noticed', () => {
    expect(
      leaseNotices([
        held,
        believes('s1', 5, 4),
        believes('s1', 12, 4, false),
        leases('m1', 15, 7, [['s1', 4]]),
        gone,
      ]),
    ).toEqual([
      {
        holder: 's1',
        epoch: 4,
        heldAtNs: 15 * msNs,
        goneByNs: 21 * msNs,
        believedAtNs: 5 * msNs,
        noticedByNs: 14 * msNs,
      },
    ]);
  });

  it('tells it in words', () => {
    const observations = [held, believes('s1', 5, 4), believes('s1', 12, 4, false), gone];
    expect(tellNotices({ operations: [], faults: [], observations })).toBe(
      "s1's lease of epoch 4 ended after 0 ns and by 21 ms: last believed in at 5 ms, no longer by 14 ms",
    );
    expect(tellNotices({ operations: [], faults: [], observations: [held, gone] })).toMatch(
      /it was never heard to/,
    );
    expect(tellNotices({ operations: [], faults: [], observations: [held] })).toBeUndefined();
  });

  it('accuses nobody who stops before the server lets go, however the observer samples', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            atMs: fc.nat({ max: 100 }),
            lastsMs: fc.nat({ max: 30 }),
            momentShare: fc.double({ min: 0, max: 1, noNaN: true }),
          }),
          { maxLength: 40 },
        ),
        fc.nat({ max: 80 }),
        fc.nat({ max: 20 }),
        (samples, endsMs, earlierMs) => {
          const observations = samples.flatMap(({ atMs, lastsMs, momentShare }, i): Observation[] => {
            const moment = atMs + lastsMs * momentShare;
            const times = { askedNs: atMs * msNs, answeredNs: (atMs + lastsMs) * msNs };
            if (i % 2 === 0) return [{ ...believes('s1', 0, 4, moment < endsMs - earlierMs), ...times }];
            const isThere = moment < endsMs;
            return [{ ...leases('m1', 0, isThere ? 5 : 9, isThere ? [['s1', 4]] : []), ...times }];
          });
          const verdict = leaseTruth.check({ operations: [], faults: [], observations }, defaultBudget);
          expect(verdict.valid).not.toBe(false);
        },
      ),
    );
  });
});

describe('availability', () => {
  const read = (atMs: number, instance = 's1') =>
    ok.read(1, atMs, atMs + 1, { instance, grade: 'eventual', process: atMs });
  const refused = (atMs: number, instance = 's1') =>
    fail.read(1, atMs, atMs + 1, { instance, grade: 'eventual', process: atMs });
  const many = Array.from({ length: 20 }, (_, i) => read(i * 10));
  const cut = [fault(['m1'], 0, 1_000)];
  const killed = [fault(['s1'], 50, 100)];
  const before = Array.from({ length: 10 }, (_, i) => read(-2_000 - i * 10));
  const beforeAt2 = before.map((one) => ({ ...one, instance: 's2' }));
  table(availability({ grade: 'eventual', okShare: 0.9 }), [
    ['all are answered', { operations: many }, 'valid'],
    ['all are answered although members are cut off', { operations: many, faults: cut }, 'valid'],
    ['one of few is not', { operations: [read(0), refused(10)] }, 'valid'],
    ['two of twenty are not', { operations: [...many.slice(2), refused(0), refused(10)] }, 'valid'],
    [
      'the instance itself was killed, and nothing was sent while it was not',
      { operations: [refused(60), refused(70), refused(80)], faults: killed },
      { unknown: /left alone/ },
    ],
    [
      'the only instance was killed, and answered while it was not',
      { operations: [...before, refused(60), refused(70), refused(80)], faults: killed },
      'valid',
    ],
    [
      'the only instance was killed, and did not answer before either',
      { operations: [...before, refused(-1_900), refused(-1_890), refused(60)], faults: killed },
      /^only 83.3 % of 12 eventual reads at s1 ended ok, at least 90.0 % should/,
    ],
    [
      'nothing was sent while members were cut off, and the instance was killed once',
      { operations: [...before, refused(60)], faults: [...killed, fault(['m1'], 5_000, 5_100)] },
      { unknown: /left alone/ },
    ],
    [
      'both instances have a fault, one of them failed without as well',
      {
        operations: [...before, ...before.slice(0, 3).map(({ invokeNs }) => refused(invokeNs / 1e6, 's2'))],
        faults: [fault(['s1', 's2'], 50, 100)],
      },
      /^only 0.0 % of 3 eventual reads at s2/,
    ],
    [
      'the instance itself was killed, the other answered',
      { operations: [read(60, 's2'), refused(60), refused(70), refused(80)], faults: killed },
      'valid',
    ],
    [
      'what was under way when it was killed',
      {
        operations: [
          read(60, 's2'),
          info.read(1, 40, 60, { instance: 's1', grade: 'eventual' }),
          info.read(1, 41, 60, { instance: 's1', grade: 'eventual' }),
        ],
        faults: killed,
      },
      'valid',
    ],
    [
      'what failed before and after the fault',
      {
        operations: [refused(-2_000), refused(-1_990), ...many, refused(9_000), refused(9_010)],
        faults: cut,
      },
      'valid',
    ],
    [
      'reads of another grade',
      {
        operations: [
          read(0),
          fail.read(1, 1, 2, { grade: 'session' }),
          fail.read(1, 2, 3, { grade: 'session' }),
        ],
      },
      'valid',
    ],
    [
      'three of ten are not',
      { operations: [...many.slice(0, 7), refused(100), refused(110), refused(120)] },
      /^only 70.0 % of 10 eventual reads at s1 ended ok, at least 90.0 % should/,
    ],
    [
      'while members are cut off',
      { operations: [...before, read(0), refused(100), refused(110)], faults: cut },
      /only 33.3 % of 3 .* under faults/,
    ],
    [
      'one of two instances',
      { operations: [...many, read(5, 's2'), refused(6, 's2'), refused(7, 's2')] },
      /at s2/,
    ],
    [
      'the other instance was killed',
      { operations: [...beforeAt2, read(55, 's2'), refused(60, 's2'), refused(70, 's2')], faults: killed },
      /at s2/,
    ],
    [
      'no answer is none',
      {
        operations: [
          read(0),
          info.read(1, 10, 20, { instance: 's1', grade: 'eventual' }),
          info.read(1, 30, 40, { instance: 's1', grade: 'eventual' }),
        ],
      },
      /only 33.3 %/,
    ],
    [
      'none is answered',
      { operations: [...before, refused(100), refused(110)], faults: cut },
      /only 0.0 % of 2/,
    ],
    [
      'it fails without the fault too',
      {
        operations: [...before, refused(-1_900), refused(-1_890), read(0), refused(100), refused(110)],
        faults: cut,
      },
      { unknown: /only 33.3 % .* under faults, but without any only 83.3 % did/ },
    ],
    [
      'nothing to compare with',
      { operations: [read(0), refused(100), refused(110)], faults: cut },
      { unknown: /without any none was sent/ },
    ],
    ['nothing was sent', {}, { unknown: /no eventual read was sent/ }],
  ]);
});
