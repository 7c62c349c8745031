/**
 * npm run test-images [etcd]: makes images of the etcd and the Toxiproxy that are on this machine, for engines without a
 * registry, and prints the options that run on them.
 */
import { localImages } from './images.ts';

try {
  const { etcd, toxiproxy } = await localImages({ etcd: process.argv[2] });
  console.log(`--etcd-image ${etcd} --toxiproxy-image ${toxiproxy}`);
} catch (error) {
  console.error(`no images: ${(error as Error).message}`);
  process.exitCode = 1;
}
