/**
 * Plants the fault of the mutant that FAULTLINE_MUTANT names, for the program that is started behind it:
 *
 *     FAULTLINE_MUTANT=lost-compare node --import dist/test/corpus/plant.js dist/strategies/service.js
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { builtProgram } from '../../harness/project.ts';
import { mutantNamed } from './mutants.ts';
import { planted } from './planted-fault.ts';

const { fault } = mutantNamed(process.env.FAULTLINE_MUTANT ?? '');
const path = builtProgram(fault.file);
// Made here and not when it is loaded: a fault that no longer fits must end the program before it serves anybody.
const source = planted(readFileSync(path, 'utf8'), fault);
register('./plant-hooks.js', import.meta.url, { data: { url: pathToFileURL(path).href, source } });
