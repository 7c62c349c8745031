/**
 * Follows a prefix with a CarefulWatch, and tells its parent all that the watch tells:
 *
 *     node [--import plant.js] watch-follower-main.js 127.0.0.1:2379 prefix/
 */
import type { WatchTold } from '../../harness/history/watch.ts';
import { toldEvent } from '../../harness/watch/told.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../strategies/etcd/careful-watch.ts';

const [address, prefix] = process.argv.slice(2) as [string, string];
process.on('disconnect', () => process.exit(0));

const atNs = () => Number(process.hrtime.bigint());
const tell = (told: WatchTold) => process.send!(told);
const client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 600 });
new CarefulWatch(client, prefix, {
  listed: (_, revision) => tell({ kind: 'created', revision, atNs: atNs() }),
  changed: (event) => {
    const told = { ...toldEvent(event), ...(event.compared && { compared: true }) };
    tell({ kind: 'events', revision: told.revision, atNs: atNs(), events: [told] });
  },
  reached: () => {},
});
