import { pass, type ToxicType } from '../toxic.ts';

/** Changes nothing. */
export const noop: ToxicType<never> = {
  type: 'noop',
  attributes: [],
  start: () => ({ next: () => pass }),
};
