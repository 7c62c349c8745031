import type { RuntimeClient, Testcontainers } from './testcontainers.ts';

/** An Engine is a Docker engine that answered. */
export interface Engine {
  readonly client: RuntimeClient;
  readonly testcontainers: Testcontainers;
}

/** A NoEngine says that no Docker engine answered, and what to do. */
export class NoEngine extends Error {
  override readonly name = 'NoEngine';
}

/** Rejects with NoEngine when none answers. Nobody who does not ask for Docker waits for its client, or needs it. */
export async function connectEngine(): Promise<Engine> {
  const testcontainers = (await import('testcontainers')) as unknown as Testcontainers;
  // Everything is published there. Left to find out by itself, it would start a container when this machine looks like
  // one, and pull the image for it.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1';
  const client = await testcontainers.getContainerRuntimeClient().catch((error: Error) => {
    throw new NoEngine(
      `--runtime docker needs a Docker engine, and none answered (${error.message}): start one (dockerd, Docker Desktop), ` +
        'see that you may use its socket, or name it with DOCKER_HOST; --runtime local needs none',
    );
  });
  // The reaper is a second pair of hands: what a run leaves is swept by its labels anyway. Its image is no reason to
  // wait for a registry, nor to fail where there is none.
  if (process.env.TESTCONTAINERS_RYUK_DISABLED === undefined) {
    const reaper = testcontainers.ImageName.fromString(process.env.RYUK_CONTAINER_IMAGE ?? reaperImage);
    if (!(await client.image.exists(reaper))) process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  }
  return { client, testcontainers };
}

/** The one that testcontainers of the pinned version asks for. */
const reaperImage = 'testcontainers/ryuk:0.14.0';
