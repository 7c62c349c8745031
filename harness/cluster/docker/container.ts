import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Engine } from './engine.ts';
import type { EngineContainer, Inspected, WaitStrategy } from './testcontainers.ts';

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The first is the one on which its ports are published, and has no aliases. */
  readonly networks: readonly [{ readonly name: string }, ...Attachment[]];
  /** Published on 127.0.0.1 and nowhere else. */
  readonly ports?: readonly { readonly container: number; readonly host: number }[];
  /** Asked for names that no container of its networks has. */
  readonly dns?: readonly string[];
  /** stdout and stderr are appended here. */
  readonly logPath: string;
}

/** A network, and the names by which others in it find the container beside its own. */
export interface Attachment {
  readonly name: string;
  readonly aliases?: readonly string[];
}

type Life = { readonly pid: number; readonly ended: Promise<void>; over: boolean };

/** A Container is one of the engine's, with its output in a file; it can be started again as it is. */
export class Container {
  readonly #engine: Engine;
  readonly #container: EngineContainer;
  readonly #logPath: string;
  #life: Life | undefined;
  #logged: Promise<unknown> = Promise.resolve();

  private constructor(engine: Engine, container: EngineContainer, logPath: string) {
    this.#engine = engine;
    this.#container = container;
    this.#logPath = logPath;
  }

  /** Resolves when it runs, which does not mean that it is ready. One that could not be started may stay, by its labels. */
  static async start(engine: Engine, options: ContainerOptions): Promise<Container> {
    const { client, testcontainers } = engine;
    let created: Container | undefined;
    const [first, ...further] = options.networks;
    const container = new testcontainers.GenericContainer(options.image)
      .withName(options.name)
      .withLabels(options.labels)
      // The mode, not an alias: with an alias it stays on the default bridge too.
      .withNetworkMode(first.name)
      .withEnvironment({ ...options.environment })
      .withCommand([...options.command])
      .withWaitStrategy(noWait);
    container.beforeContainerCreated = async () => {
      // Testcontainers publishes on every address of the machine.
      for (const bindings of Object.values(container.hostConfig.PortBindings ?? {})) {
        for (const binding of bindings) binding.HostIp = '127.0.0.1';
      }
      if (options.dns) container.hostConfig.Dns = [...options.dns];
    };
    container.containerCreated = async (id) => {
      for (const { name, aliases } of further)
        await client.container.dockerode
          .getNetwork(name)
          .connect({ Container: id, ...(aliases && { EndpointConfig: { Aliases: aliases } }) });
      created = new Container(engine, client.container.getById(id), options.logPath);
      // Before it starts, so that no line is missed and none told twice.
      await created.#follow();
    };
    if (options.ports) container.withExposedPorts(...options.ports);
    await container.start();
    await created!.#live();
    return created!;
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#life && !this.#life.over ? this.#life.pid : null;
  }

  async startAgain(): Promise<void> {
    await this.#follow();
    await this.#container.start();
    await this.#live();
  }

  /** SIGKILL, also when it is paused. Harmless when it does not run. */
  async kill(): Promise<void> {
    const life = this.#life;
    if (life === undefined || life.over) return;
    await this.#container.kill().catch((error) => {
      // It has ended meanwhile.
      if (error.statusCode !== 409) throw error;
    });
    await life.ended;
    await this.#logged;
  }

  /** SIGTERM, then SIGKILL. */
  async stop({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    await this.#engine.client.container.stop(this.#container, { timeout: timeoutMs });
    await this.#life?.ended;
    await this.#logged;
  }

  async pause(): Promise<void> {
    await this.#container.pause();
  }

  async unpause(): Promise<void> {
    await this.#container.unpause();
  }

  inspect(): Promise<Inspected> {
    return this.#container.inspect();
  }

  async #live(): Promise<void> {
    const life: Life = {
      pid: 0,
      over: false,
      ended: this.#container.wait().then(
        () => this.#over(life),
        // Removed by force, or the engine is gone.
        () => this.#over(life),
      ),
    };
    this.#life = life;
    const { State } = await this.#container.inspect();
    this.#life = Object.assign(life, { pid: State.Pid });
  }

  #over(life: Life): void {
    life.over = true;
  }

  async #follow(): Promise<void> {
    const output = await this.#engine.client.container.attach(this.#container);
    const log = createWriteStream(this.#logPath, { flags: 'a' });
    output.pipe(log);
    this.#logged = finished(log).catch(() => {});
  }
}

/** Whoever starts it knows when it is ready; the usual strategy needs a shell in the image. */
const noWait: WaitStrategy = {
  async waitUntilReady() {},
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};
