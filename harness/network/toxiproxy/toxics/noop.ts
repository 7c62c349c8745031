import { pass, type ToxicType } from '../toxic-type.ts';

/** Changes nothing. */
export const noop: ToxicType<never> = {
  type: 'noop',
  attributes: [],
  start: () => ({ next: () => pass }),
};
