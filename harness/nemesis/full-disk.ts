import { mountingRefused } from '../process/mounts.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';
import { memberIn, type Role } from './role.ts';

/**
 * Leaves a member no byte of disk: it is moved to a small file system, by way of a restart, which is then filled. etcd 3.4
 * goes on until it has to write more than it has allocated, and ends. Healing gives the space back and starts it again.
 */
export function fullDisk({ role = 'follower' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'full-disk',
    summary: 'fills the disk that a member keeps its data on; needs the right to mount',
    options: { role },
    needs: 'disks',
    healsByStarting: true,
    unavailable: mountingRefused,
    async inject(world) {
      needPeers(memberNames(world));
      const { disks } = world.cluster;
      if (disks === undefined)
        throw new RangeError(
          'expected members whose disk can be filled, got a runtime that cannot: take the local one',
        );
      const { member, title } = await memberIn(role, world);
      const heal = healOnce(() => disks.free(member.name));
      try {
        await disks.fill(member.name);
      } catch (error) {
        await heal();
        throw error;
      }
      return { sentence: `${title}, had a full disk`, targets: [member.name], heal };
    },
  };
}
