import type { Readable } from 'node:stream';

/**
 * Of testcontainers, what the Docker runtime uses. Its own declarations want those of an SSH client and of Docker's whole
 * API, which the build would then have to read.
 */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => GenericContainer;
  readonly ImageName: { fromString(name: string): ImageName };
  readonly LABEL_TESTCONTAINERS_SESSION_ID: string;
  getContainerRuntimeClient(): Promise<RuntimeClient>;
  getReaper(client: RuntimeClient): Promise<{ readonly sessionId: string }>;
}

export interface ImageName {
  readonly string: string;
}

/** The two hooks are called by its `start`. */
export interface GenericContainer {
  hostConfig: {
    PortBindings?: Record<string, { HostIp?: string }[]>;
    Dns?: string[];
  };
  beforeContainerCreated?(): Promise<void>;
  containerCreated?(id: string): Promise<void>;
  withName(name: string): this;
  withLabels(labels: Readonly<Record<string, string>>): this;
  withNetworkMode(mode: string): this;
  withCommand(command: readonly string[]): this;
  withEnvironment(environment: Readonly<Record<string, string>>): this;
  withExposedPorts(...ports: readonly { readonly container: number; readonly host: number }[]): this;
  withWaitStrategy(strategy: WaitStrategy): this;
  start(): Promise<unknown>;
}

export interface WaitStrategy {
  waitUntilReady(): Promise<void>;
  withStartupTimeout(timeoutMs: number): WaitStrategy;
  isStartupTimeoutSet(): boolean;
  getStartupTimeout(): number;
}

export interface RuntimeClient {
  readonly container: {
    readonly dockerode: Dockerode;
    getById(id: string): EngineContainer;
    attach(container: EngineContainer): Promise<Readable>;
    stop(container: EngineContainer, options: { readonly timeout: number }): Promise<void>;
  };
  readonly image: {
    exists(name: ImageName): Promise<boolean>;
    pull(
      name: ImageName,
      options: { readonly force: boolean; readonly platform: string | undefined },
    ): Promise<void>;
  };
  readonly network: { create(options: Readonly<Record<string, unknown>>): Promise<unknown> };
}

/** Its rejections have the engine's `statusCode`. */
export interface Dockerode {
  createContainer(options: Readonly<Record<string, unknown>>): Promise<EngineContainer>;
  createNetwork(options: Readonly<Record<string, unknown>>): Promise<{ readonly id: string }>;
  getContainer(id: string): EngineContainer;
  getNetwork(id: string): EngineNetwork;
  listContainers(options: Filtered): Promise<
    readonly {
      readonly Id: string;
      readonly Names: readonly string[];
      readonly Labels: Readonly<Record<string, string>>;
      readonly Mounts: readonly { readonly Name?: string }[];
    }[]
  >;
  listNetworks(options: Filtered): Promise<
    readonly {
      readonly Id: string;
      readonly Name: string;
      readonly Labels?: Readonly<Record<string, string>>;
    }[]
  >;
  listVolumes(): Promise<{ readonly Volumes?: readonly { readonly Name: string }[] | null }>;
}

interface Filtered {
  readonly all?: boolean;
  readonly filters: { readonly label: readonly string[] };
}

export interface EngineContainer {
  readonly id: string;
  start(): Promise<unknown>;
  kill(): Promise<unknown>;
  pause(): Promise<unknown>;
  unpause(): Promise<unknown>;
  /** Until it does not run. */
  wait(): Promise<unknown>;
  remove(options: { readonly force: boolean; readonly v?: boolean }): Promise<unknown>;
  logs(options: { readonly stdout: true; readonly stderr: true }): Promise<Buffer>;
  inspect(): Promise<Inspected>;
}

export interface Inspected {
  readonly State: { readonly Pid: number };
  readonly HostConfig: { readonly PortBindings?: Readonly<Record<string, readonly unknown[]>> | null };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

export interface EngineNetwork {
  connect(options: {
    readonly Container: string;
    readonly EndpointConfig?: { readonly Aliases: readonly string[] };
  }): Promise<unknown>;
  disconnect(options: { readonly Container: string; readonly Force: boolean }): Promise<unknown>;
  remove(): Promise<unknown>;
  inspect(): Promise<{
    readonly Internal: boolean;
    readonly Containers?: Readonly<Record<string, { readonly Name: string }>> | null;
  }>;
}
