import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parts } from '../../harness/cli/parts.ts';
import { runServer } from '../../harness/cli/serve-command.ts';
import { reports } from '../../reports/reports.ts';
import { writeResult } from '../../reports/write.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

let folder: string;
let server: ReturnType<typeof runServer>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-serve-'));
  await writeResult(join(folder, 'first'), fixture(), ['html']);
  await writeResult(join(folder, 'sec<ond'), { ...fixture(), cells: [fixture().cells[0]!] }, ['html']);
  await mkdir(join(folder, 'going-on'));
  await writeFile(join(folder, 'secret.json'), '{}');
  server = runServer(folder, { reports } as Parts);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (url: string, host = '127.0.0.1:8480') => server.inject({ url, headers: { host } });
const runsIn = (page: string) =>
  elementsOf(page).flatMap(({ name, attributes }) => (name === 'a' ? [attributes.href] : []));

test('lists the runs that have a result, each with a link', async () => {
  const { body, statusCode } = await get('/');
  expect(statusCode).toBe(200);
  expect(runsIn(body).sort()).toEqual(['/runs/first', '/runs/sec%3Cond']);
});

test('filters by name, verdict, scenario or strategy', async () => {
  expect(runsIn((await get('/?filter=ond')).body)).toEqual(['/runs/sec%3Cond']);
  expect(runsIn((await get('/?filter=broken')).body)).toEqual(['/runs/first']);
  expect(runsIn((await get('/?filter=%22%3E%3Cimg')).body)).toEqual([]);
});

test('opens a run and compares two', async () => {
  expect((await get('/runs/sec%3Cond')).body).toContain('id="matrix-title"');
  expect((await get('/compare?base=first&new=sec%3Cond')).body).toContain('comparison of runs');
});

test.each([
  ['/runs/secret.json', 404],
  ['/runs/..%2F..%2Fetc%2Fpasswd', 404],
  ['/runs/going-on', 404],
  ['/compare?base=first', 400],
  ['/compare?base=first&new=../../etc', 400],
])('%s is answered with %i', async (url, code) => {
  expect((await get(url)).statusCode).toBe(code);
});

test('another name than the loopback is refused', async () => {
  expect((await get('/', 'evil.example')).statusCode).toBe(403);
});
