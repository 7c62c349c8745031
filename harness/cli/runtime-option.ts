import type { Command } from 'commander';
import type { Images } from '../cluster/docker/images.ts';
import type { Plan } from '../run.ts';
import { type ExternalOptions, externalOnly } from './external-option.ts';
import { oneOf, UsageError } from './usage-error.ts';

export interface RuntimeOptions extends ExternalOptions {
  readonly runtime?: string;
  readonly etcdImage?: string;
  readonly toxiproxyImage?: string;
}

export function addRuntimeOptions(command: Command): Command {
  return command
    .option(
      '--runtime <name>',
      'what members run on: local (processes), docker (containers), or external (they are there already)',
      'local',
    )
    .option('--etcd-image <name>', "Docker: the etcd image (the project's own of 3.6)")
    .option('--toxiproxy-image <name>', "Docker: the Toxiproxy image (the project's own of 2.12)");
}

/** What a run on Docker needs; undefined for any other. @throws UsageError for options that do not go together */
export function imagesAsked(
  options: RuntimeOptions & {
    readonly etcd?: string;
    readonly etcdVersion?: string;
    readonly toxiproxy?: string;
  },
): Partial<Images> | undefined {
  const { etcdImage, toxiproxyImage } = options;
  const runtime = oneOf('--runtime', options.runtime ?? 'local', ['local', 'docker', 'external']);
  const docker = runtime === 'docker';
  const misplaced: readonly (readonly [string, string | undefined])[] = docker
    ? [
        ['--etcd', options.etcd],
        ['--etcd-version', options.etcdVersion],
        ['--toxiproxy', options.toxiproxy],
      ]
    : [
        ['--etcd-image', etcdImage],
        ['--toxiproxy-image', toxiproxyImage],
      ];
  for (const [option, value] of misplaced) {
    if (value === undefined) continue;
    const instead = docker
      ? 'there images say which (--etcd-image, --toxiproxy-image)'
      : 'it is for --runtime docker';
    throw new UsageError(`${option} should be left out with --runtime ${runtime}, got ${value}: ${instead}`);
  }
  if (!docker) return undefined;
  return { ...(etcdImage && { etcd: etcdImage }), ...(toxiproxyImage && { toxiproxy: toxiproxyImage }) };
}

/**
 * Sees to it, before anything is started, that an engine answers and has the images; what earlier commands left there
 * is removed. Rejects with NoEngine or ImageMissing.
 */
export async function prepareDocker(
  asked: Partial<Images>,
  say: (line: string) => void,
): Promise<Pick<Plan, 'etcd'> & { readonly images: Images }> {
  // Only here: nobody else needs Docker, nor waits until its client is loaded.
  const [{ connectEngine }, { sweepAbandoned }, { etcdVersionIn, haveImages, officialImages }] =
    await Promise.all([
      import('../cluster/docker/engine.ts'),
      import('../cluster/docker/ownership.ts'),
      import('../cluster/docker/images.ts'),
    ]);
  const engine = await connectEngine();
  const { removed } = await sweepAbandoned(engine);
  if (removed.length > 0) say(`removed what an earlier run left: ${removed.join(', ')}`);
  const images = { ...officialImages, ...asked };
  await haveImages(engine, images, say);
  return { images, etcd: { path: images.etcd, version: await etcdVersionIn(engine, images.etcd) } };
}

/** As the command that repeats the run says it. */
export function runtimeWords(options: RuntimeOptions): string[] {
  const { runtime, etcdImage, toxiproxyImage } = options;
  return [
    ...(runtime !== undefined && runtime !== 'local' ? [`--runtime ${runtime}`] : []),
    ...externalOnly(options).flatMap(([option, value]) => [option, shellWord(value)]),
    ...(etcdImage ? ['--etcd-image', etcdImage] : []),
    ...(toxiproxyImage ? ['--toxiproxy-image', toxiproxyImage] : []),
  ];
}

/** A word that a shell takes for one, quoted only where it has to be. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
