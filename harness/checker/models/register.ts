import type { Model } from '../model.ts';

/** One value per key, at first null ("no such key"). */
export const register: Model = {
  name: 'register',
  summary: 'read, write, cas, delete; at first there is nothing',
  initial: null,
  effect({ f, value, swapped }) {
    switch (f) {
      case 'read':
        return { kind: 'expect', value: value ?? null };
      case 'write':
        return { kind: 'set', value: value ?? null };
      case 'delete':
        return { kind: 'set', value: null };
      case 'cas': {
        const [from, to] = value as [unknown, unknown];
        return swapped === false
          ? { kind: 'expect-not', value: from ?? null }
          : { kind: 'swap', from: from ?? null, to: to ?? null };
      }
      default:
        return undefined;
    }
  },
};

/** The register of Jepsen and Knossos: what the register is, and nothing is ever deleted. */
export const casRegister: Model = {
  ...register,
  name: 'cas-register',
  summary: "read, write, cas; Jepsen's, which knows no delete",
  effect: (operation) => (operation.f === 'delete' ? undefined : register.effect(operation)),
};
