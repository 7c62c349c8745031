import { lookup } from 'node:dns/promises';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads 'host:port', '[::1]:80', ':80' or '' (host '' is every interface, port 0 is any). Throws what Go would say. */
export function parseAddress(address: string): HostPort {
  if (address === '') return { host: '', port: 0 };
  const parts = /^(?:\[(?<six>[^[\]]*)\]|(?<host>[^[\]:]*)):(?<port>[^:]*)$/.exec(address)?.groups;
  if (!parts) {
    const colons = address.replace(/^\[.*\]/, '').split(':').length - 1;
    throw new Error(`address ${address}: ${colons > 1 ? 'too many colons' : 'missing port'} in address`);
  }
  const port = Number(parts.port || '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`address ${address}: invalid port, expected 0 to 65535`);
  }
  return { host: parts.six ?? parts.host ?? '', port };
}

/** The same with the name looked up, IPv4 first, as a listener will show it: 'localhost:80' is '127.0.0.1:80'. */
export async function resolveAddress(address: string): Promise<HostPort> {
  const { host, port } = parseAddress(address);
  if (host === '') return { host, port };
  const found = await lookup(host, { order: 'ipv4first' });
  return { host: found.address, port };
}

export const formatAddress = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
