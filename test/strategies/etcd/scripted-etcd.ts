import { EventEmitter } from 'node:events';
import type { IKeyValue, IRangeRequest, IWatchRequest } from 'etcd3';
import type { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { MemberChoice } from '../../../strategies/etcd/member-choice.ts';

/**
 * A ScriptedEtcd is a store with a history whose streams tell what the test lets them tell: for the faults that no
 * healthy etcd can be brought to show.
 */
export class ScriptedEtcd {
  revision = 1;
  /** Every change ever, also those that no stream tells. */
  readonly log: { type: 'Put' | 'Delete'; kv: IKeyValue }[] = [];
  readonly streams: ScriptedStream[] = [];
  version = '3.4.23';
  lists = 0;

  put(key: string, value: string): number {
    const before = this.at(this.revision).get(key);
    this.revision += 1;
    const created = before?.create_revision ?? String(this.revision);
    const version = String(Number(before?.version ?? 0) + 1);
    this.log.push({ type: 'Put', kv: keyValue(key, value, created, String(this.revision), version) });
    return this.revision;
  }

  delete(key: string): number {
    this.revision += 1;
    this.log.push({ type: 'Delete', kv: keyValue(key, '', '0', String(this.revision), '0') });
    return this.revision;
  }

  at(revision: number): Map<string, IKeyValue> {
    const present = new Map<string, IKeyValue>();
    for (const { type, kv } of this.log) {
      if (Number(kv.mod_revision) > revision) break;
      if (type === 'Put') present.set(kv.key.toString(), kv);
      else present.delete(kv.key.toString());
    }
    return present;
  }

  get client(): CarefulClient {
    const client = {
      choice: new MemberChoice(['m1', 'm2']),
      range: async (request: IRangeRequest) => {
        if (!request.range_end) {
          const found = this.at(Number(request.revision)).get(request.key!.toString());
          return { kvs: found ? [found] : [], header: { revision: String(this.revision) } };
        }
        this.lists += 1;
        return {
          kvs: [...this.at(this.revision).values()],
          header: { revision: String(this.revision) },
        };
      },
      status: async () => ({ version: this.version }),
      watchStream: async () => {
        const stream = new ScriptedStream();
        this.streams.push(stream);
        return stream;
      },
    };
    return client as unknown as CarefulClient;
  }
}

export class ScriptedStream extends EventEmitter {
  from = 0;
  progressRequests = 0;

  write(request: IWatchRequest): void {
    if (request.progress_request) this.progressRequests += 1;
    if (!request.create_request) return;
    this.from = Number(request.create_request.start_revision);
    setImmediate(() => this.tell({ created: true }));
  }

  tell(response: object): void {
    this.emit('data', { events: [], compact_revision: '0', canceled: false, created: false, ...response });
  }

  end(): void {}
  cancel(): void {
    this.emit('error', new Error('cancelled'));
  }
}

function keyValue(key: string, value: string, created: string, modified: string, version: string): IKeyValue {
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    create_revision: created,
    mod_revision: modified,
    version,
    lease: '0',
  };
}
