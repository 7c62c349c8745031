import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell, Gauge, Result } from '../../harness/result.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { parseResult } from '../../reports/validate.ts';
import { hostile } from '../reports/arbitrary-result.ts';
import { withAMillionOperations } from '../reports/million-operations.ts';
import { findChromium } from './chromium.ts';

// The page as readers get it, of a recorded run in which promises were broken, in a real browser.

const executablePath = await findChromium();
const recorded = new URL('../reports/recorded/leader-partition.json', import.meta.url);
const result = parseResult(await readFile(recorded, 'utf8'), 'leader-partition.json');

let browser: Browser;
let folder: string;

beforeAll(async () => {
  if (executablePath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'faultline-browser-'));
  // As root Chromium has no sandbox to offer; it opens nothing here but the page that was just written.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath, args });
});
afterAll(async () => {
  await browser?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Everything that a page must not do: speak in the console, ask anybody, fail. */
interface Opened extends AsyncDisposable {
  readonly page: Page;
  readonly told: readonly string[];
  readonly asked: readonly string[];
}

async function open(of: Result, options: BrowserContextOptions = {}): Promise<Opened> {
  const path = join(folder, 'report.html');
  await writeFile(path, renderHtml(of));
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const told: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => told.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => told.push(error.message));
  page.on('dialog', (dialog) => {
    told.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, told, asked, [Symbol.asyncDispose]: () => context.close() };
}

describe.skipIf(executablePath === undefined)('the HTML report in a browser', { timeout: 60_000 }, () => {
  test('says the verdict, shows the matrix, speaks to nobody and in no console', async () => {
    await using opened = await open(result);
    const { page } = opened;
    expect(await page.locator('h1').innerText()).toMatch(/Broken: 3 of \d+ promises\./);
    expect(await page.locator('.banner .command code').innerText()).toBe(result.manifest.command);
    expect(await page.locator('.matrix .tile').count()).toBe(result.cells.length);
    expect(await page.locator('.matrix .tile.broken').count()).toBe(2);
    expect(await page.locator('.trade-off .dot').count()).toBe(3);
    for (const cell of await page.locator('details.cell').all())
      if ((await cell.getAttribute('open')) === null) await cell.locator('summary').first().click();
    expect(opened.told).toEqual([]);
    expect(opened.asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(opened.asked.filter((url) => url.startsWith('file:'))).toHaveLength(1);
  });

  test.each(['light', 'dark'] as const)(
    'every chart of every open cell has pixels, %s',
    async (colorScheme) => {
      await using opened = await open(withGauges(result), { colorScheme });
      const charts = await opened.page.evaluate<{ inked: number; colors: number }[]>(inkOfCharts);
      // Of the two cells that are open: lanes, latency, operations, throughput, database, queue, lag, CPU, memory; cache
      // where there is one.
      expect(charts.length).toBeGreaterThanOrEqual(18);
      for (const chart of charts) {
        expect(chart.inked).toBeGreaterThan(500);
        expect(chart.colors).toBeGreaterThan(3);
      }
      const background = await opened.page.evaluate<string>(
        'getComputedStyle(document.body).backgroundColor',
      );
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(13, 18, 24)' : 'rgb(245, 246, 248)');
    },
  );

  test('the cursor of one chart moves those of all charts of its cell, by pointer and by keys', async () => {
    await using opened = await open(result);
    const { page } = opened;
    const holder = page.locator('details[open] .charts').first();
    const over = holder.locator('.u-over');
    const cursors = () => page.evaluate<number[]>(placesOfCursors);
    await over.nth(1).scrollIntoViewIfNeeded();
    const box = (await over.nth(1).boundingBox())!;
    await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
    const apart = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
    await expect.poll(async () => Math.min(...(await cursors()))).toBeGreaterThan(box.width / 4);
    const moved = await cursors();
    expect(moved.length).toBeGreaterThanOrEqual(5);
    expect(apart(moved)).toBeLessThan(1);
    // Away from the charts: a pointer that rests on one has the last word.
    await page.mouse.move(1, 1);
    await holder.focus();
    await page.keyboard.press('End');
    await expect.poll(async () => (await cursors())[0]).toBeGreaterThan(moved[0]! + 10);
    expect(apart(await cursors())).toBeLessThan(1);
  });

  test('a violation is a timeline that names its two operations, with what was recorded to copy', async () => {
    await using opened = await open(result);
    const violation = opened.page.locator('details[open] .violation').first();
    const drawing = violation.locator('svg.evidence');
    expect(await drawing.locator('.op rect').count()).toBeGreaterThanOrEqual(2);
    expect(await drawing.locator('.link').count()).toBe(1);
    expect(await drawing.locator('.fault').count()).toBe(1);
    const named = await violation.locator('.contradiction b').allInnerTexts();
    expect(named[0]).toMatch(/^(write|cas|read) .* by process \d+$/);
    expect(named[1]).toMatch(/^read → .* by process \d+$/);
    await violation.locator('summary').click();
    const raw = await violation.locator('pre.raw').innerText();
    const recordedOperations = raw.split('\n').map((line) => JSON.parse(line) as { f: string });
    expect(recordedOperations.map(({ f }) => f)).toContain('read');
  });

  test.each(['light', 'dark'] as const)('axe finds nothing serious, %s', async (colorScheme) => {
    await using opened = await open(result, { colorScheme });
    const { page } = opened;
    // Over the protocol, which the page's own content policy does not bind.
    const cdp = await page.context().newCDPSession(page);
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await cdp.send('Runtime.evaluate', { expression: axe });
    const found = await page.evaluate<{ impact: string; id: string; nodes: string[] }[]>(
      'axe.run().then(({ violations }) => violations.map(({ impact, id, nodes }) => ({ impact, id, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))',
    );
    expect(found.filter(({ impact }) => ['serious', 'critical'].includes(impact))).toEqual([]);
  });

  test('on a phone nothing runs off the side', async () => {
    await using opened = await open(result, { viewport: { width: 390, height: 844 } });
    const { scroll, client } = await opened.page.evaluate<{ scroll: number; client: number }>(
      '({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth })',
    );
    expect(scroll).toBeLessThanOrEqual(client);
  });

  test('whatever the system under test calls things, it is text', async () => {
    const attack = '</script><img src="http://127.0.0.1:1/x" onerror="alert(1)">';
    for (const text of [attack, hostile.join(' ')]) {
      await using opened = await open(withText(result, text));
      const { page } = opened;
      await page.locator('details.cell summary').first().click();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(3);
      expect(opened.told).toEqual([]);
      expect(opened.asked.filter((url) => url.startsWith('http'))).toEqual([]);
      if (text === attack) expect(await page.locator('body').innerText()).toContain(attack);
      expect(await page.locator('.charts canvas').count()).toBeGreaterThanOrEqual(5);
    }
  });

  test('a million operations, measured as a run measures them, are a page below 5 MB, which opens', async () => {
    const million = { ...result, cells: [withAMillionOperations(result.cells[0]!, 7)] };
    const counted = million.cells[0]!.timeline;
    const all = [counted.ok, counted.fail, counted.info].flat().reduce((sum, n) => sum + n, 0);
    expect(all).toBe(1_000_000);
    const size = Buffer.byteLength(renderHtml(million));
    expect(size).toBeLessThan(5_000_000);
    await using opened = await open(million);
    const loadedMs = await opened.page.evaluate<number>(
      "performance.getEntriesByType('navigation')[0].loadEventEnd",
    );
    // Measured: 0.6 to 2 s. A machine that does other things beside it is given time; what this finds is a page that hangs.
    expect(loadedMs).toBeLessThan(20_000);
    process.stderr.write(
      `a page of a million operations: ${(size / 1e6).toFixed(2)} MB, opened in ${Math.round(loadedMs)} ms\n`,
    );
    expect(await opened.page.locator('.charts canvas').count()).toBeGreaterThanOrEqual(5);
    expect(await opened.page.locator('.chart-title', { hasText: 'of 1,000,000' }).count()).toBe(1);
  }, 120_000);
});

// What runs in the page is text here, because nothing else of the project knows a browser's types.
const inkOfCharts = `
  [...document.querySelectorAll('details[open] .charts canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    let inked = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 0) {
        inked++;
        colors.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      }
    return { inked, colors: colors.size };
  })`;
const placesOfCursors = `
  [...document.querySelector('details[open] .charts').querySelectorAll('.u-cursor-x')].map(
    (one) => new DOMMatrix(getComputedStyle(one).transform).e,
  )`;

/** The recorded run with gauges, as runs have them since. */
function withGauges(of: Result): Result {
  const gauge = (name: string, what: Gauge['what'], least: number, buckets: number): Gauge => ({
    of: name,
    what,
    values: Array.from({ length: buckets }, (_, i) => (i % 20 === 7 ? null : least * (1 + (i % 5)))),
  });
  return {
    ...of,
    cells: of.cells.map(({ timeline, ...cell }) => {
      const named = (name: string, what: Gauge['what'], least: number) =>
        gauge(name, what, least, timeline.ok.length);
      const gauges = [
        ...['m1', 'm2', 'm3', 's1', 's2', 'primary', 'replica', 'driver'].flatMap((name, i) => [
          named(name, 'cpuCores', i / 20),
          named(name, 'memoryMiB', 20 + 9 * i),
        ]),
        named('s1', 'queuedWrites', 6),
        named('replica', 'replayLagMs', 40),
        named('replica', 'replayLagBytes', 900),
      ];
      return { ...cell, timeline: { ...timeline, gauges } };
    }),
  };
}

/** The result with the text for every name, key, value, error and sentence that is not the harness's own. */
function withText(of: Result, text: string): Result {
  return {
    ...of,
    cells: of.cells.map(
      (cell): Cell => ({
        ...cell,
        scenario: `${cell.scenario} ${text}`,
        strategy: `${cell.strategy} ${text}`,
        command: text,
        reason: text,
        faults: cell.faults.map((fault) => ({ ...fault, nemesis: text, sentence: text, targets: [text] })),
        leaders: cell.leaders.map((change) => ({ ...change, leader: change.leader && text })),
        promises: cell.promises.map((promise) => ({
          ...promise,
          text: `${promise.text} ${text}`,
          reason: text,
        })),
        violations: cell.violations.map((violation) => ({
          ...violation,
          key: text,
          summary: text,
          operations: violation.operations.map((operation) => ({
            ...operation,
            key: text,
            value: operation.f === 'cas' ? [text, text] : text,
            instance: text,
            error: text,
          })),
        })),
        files: { history: text, logs: text },
      }),
    ),
  };
}
