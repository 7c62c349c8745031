import { describe } from 'vitest';
import { networkContract } from './network-contract.ts';
import { toxiproxyContract } from './toxiproxy-contract.ts';
import { embedded } from './toxiproxy-under-test.ts';

describe('the embedded server', () => toxiproxyContract(embedded));
describe('a network on it', () => networkContract(embedded));
