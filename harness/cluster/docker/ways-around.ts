import type { Engine } from './engine.ts';

/** A container and the networks that it should be in, and no others. */
export interface Expected {
  readonly name: string;
  readonly networks: readonly string[];
}

/**
 * Asks the engine how members could reach each other beside Toxiproxy, a sentence for each: another network (the
 * default bridge, where containers stay that were given an alias), somebody else in their own, a network that leads
 * out, a port published on the machine.
 */
export async function waysAround(
  engine: Engine,
  members: readonly Expected[],
  toxiproxy: Expected,
): Promise<string[]> {
  const { dockerode } = engine.client.container;
  const ways = await Promise.all(
    members.map(async (member) => {
      const found = await dockerode.getContainer(member.name).inspect();
      const networks = Object.keys(found.NetworkSettings.Networks);
      const strange = networks.filter((network) => !member.networks.includes(network));
      const published = Object.values(found.HostConfig.PortBindings ?? {}).flat().length;
      const own = await Promise.all(
        member.networks.map(async (network) => {
          const { Internal, Containers } = await dockerode.getNetwork(network).inspect();
          const inIt = Object.values(Containers ?? {});
          const others = inIt
            .map(({ Name }) => Name)
            .filter((name) => name !== member.name && name !== toxiproxy.name);
          return [
            ...(Internal ? [] : [`the network ${network} is not internal`]),
            ...others.map((other) => `${other} is in ${member.name}'s network`),
          ];
        }),
      );
      return [
        ...strange.map((network) => `${member.name} is in the network ${network} too`),
        ...(published > 0 ? [`${member.name} publishes ${published} ports`] : []),
        ...own.flat(),
      ];
    }),
  );
  return ways.flat();
}
