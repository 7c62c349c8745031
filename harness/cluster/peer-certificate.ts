import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes where --peer-auto-tls looks first (`fixtures/peer` of the data folder) a certificate with a P-256 key. Left to
 * itself etcd makes one on P-521 (client/pkg/transport, SelfCert), and a handshake with it takes several milliseconds of
 * two cores: a healed black hole, after which all peers dial again, kept a machine of two cores busy for 80 ms.
 *
 * Who talks to whom is proved to nobody, as with etcd's own: peers that make their certificates themselves check none.
 */
export async function writePeerCertificate(dataFolder: string): Promise<void> {
  made ??= make();
  const { cert, private: key } = await made;
  const folder = join(dataFolder, 'fixtures', 'peer');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all([
    writeFile(join(folder, 'cert.pem'), cert),
    writeFile(join(folder, 'key.pem'), key, { mode: 0o600 }),
  ]);
}

/** One for all members of all runs of this process. */
let made: ReturnType<typeof make> | undefined;

async function make() {
  const { generate } = await import('selfsigned');
  return await generate([{ name: 'organizationName', value: 'faultline' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
  });
}
