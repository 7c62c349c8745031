import type { Engine } from './engine.ts';
import { labelsOf } from './ownership.ts';

/** The images of a run on Docker. */
export interface Images {
  readonly etcd: string;
  readonly toxiproxy: string;
}

/** The projects' own. */
export const officialImages: Images = {
  etcd: 'gcr.io/etcd-development/etcd:v3.6.16',
  toxiproxy: 'ghcr.io/shopify/toxiproxy:2.12.0',
};

/** An ImageMissing says which image the engine has not got and could not pull, and how to name another. */
export class ImageMissing extends Error {
  override readonly name = 'ImageMissing';
}

/** Pulls what the engine has not got. Rejects with ImageMissing. */
export async function haveImages(engine: Engine, images: Images, say: (line: string) => void): Promise<void> {
  const { ImageName } = engine.testcontainers;
  for (const part of ['etcd', 'toxiproxy'] as const) {
    const name = ImageName.fromString(images[part]);
    if (await engine.client.image.exists(name)) continue;
    say(`pulling ${name.string}`);
    await engine.client.image.pull(name, { force: false, platform: undefined }).catch((error: Error) => {
      throw new ImageMissing(
        `the engine has no image ${name.string} and could not pull it (${error.message}): ` +
          `pull or load it, or name another with --${part}-image`,
      );
    });
  }
}

/** '3.6.16', as the image's own etcd tells it. */
export async function etcdVersionIn(engine: Engine, image: string): Promise<string> {
  const { dockerode } = engine.client.container;
  const container = await dockerode.createContainer({
    Image: image,
    Cmd: [etcdPath, '--version'],
    Labels: await labelsOf('version'),
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    await container.start();
    await container.wait();
    const printed = (await container.logs({ stdout: true, stderr: true })).toString('utf8');
    const version = /etcd Version: (\d+\.\d+\.\d+[^\s]*)/.exec(printed)?.[1];
    if (version !== undefined) return version;
    throw new Error(
      `the image ${image} should have an etcd at ${etcdPath}, but its --version printed ${JSON.stringify(printed.slice(0, 200))}`,
    );
  } finally {
    await container.remove({ force: true }).catch(() => {});
  }
}

/** Where the official image has it. */
export const etcdPath = '/usr/local/bin/etcd';
