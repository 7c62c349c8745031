/**
 * An EtcdAccess is what it takes to speak to a cluster that is somebody else's: the prefix that all keys of the run are
 * under, TLS, and a user. It is told to service instances as JSON in FAULTLINE_ETCD_ACCESS, and written down nowhere.
 */
export interface EtcdAccess {
  /** '/faultline/runs/<id>/': clients put it before every key on the wire, and take it off again. */
  readonly prefix: string;
  readonly tls?: TlsFiles;
  readonly user?: { readonly name: string; readonly password: string };
}

/** Paths of PEM files. Without a `ca` the system's own authorities are trusted. */
export interface TlsFiles {
  readonly ca?: string;
  /** A client's certificate and its key: both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** By member: what its certificate is for, wherever the connection goes. */
  readonly serverNames: Readonly<Record<string, string>>;
}

/** Where a member is reached, over a link or directly, and how. */
export interface EtcdEndpoint {
  readonly member: string;
  readonly address: string;
  readonly access?: EtcdAccess;
}

export const accessVariable = 'FAULTLINE_ETCD_ACCESS';

export function encodeAccess(access: EtcdAccess): string {
  return JSON.stringify(access);
}

/** Throws when the text is not what encodeAccess makes; the text is not told, since it may hold a password. */
export function decodeAccess(text: string): EtcdAccess {
  try {
    const access = JSON.parse(text) as EtcdAccess;
    if (typeof access.prefix === 'string' && access.prefix.length > 0) return access;
  } catch {
    // Told below.
  }
  throw new RangeError(
    `${accessVariable} should be JSON with a prefix, as the harness writes it, but is not`,
  );
}
