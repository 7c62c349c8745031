import type { Model } from '../model.ts';
import { counter } from './counter.ts';
import { kv } from './kv.ts';
import { multiRegister } from './multi-register.ts';
import { mutex } from './mutex.ts';
import { queue } from './queue.ts';
import { casRegister, register } from './register.ts';
import { set } from './set.ts';

/** Every model, one line each: to add one, write it in a file of its own and name it here. */
export const models: readonly Model[] = [
  register,
  casRegister,
  kv,
  set,
  counter,
  mutex,
  queue,
  multiRegister,
];
