import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderAnnotations } from '../../reports/github.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderJunit } from '../../reports/junit.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { parseResult, stringifyResult } from '../../reports/validate.ts';
import { tally } from '../../reports/verdict.ts';
import { arbitraryResult } from './arbitrary-result.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

// Whatever is in a result, names that want to break out included, every report of it is whole and harmless.

const runs = { numRuns: 150 };

describe('any result', () => {
  test('comes back from disk as it went there', () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        expect(parseResult(stringifyResult(result), 'result.json')).toEqual(result);
      }),
      runs,
    );
  });

  test('gives a page that is well-formed, holds no foreign markup and asks the network for nothing', () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => checkPage(renderHtml(result))),
      runs,
    );
  });

  test('gives JUnit XML that is well-formed, and counts what it holds', () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const xml = renderJunit(result);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those that XML 1.0 forbids
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u);
        const elements = elementsOf(xml);
        for (const { name } of elements)
          if (!junitNames.has(name)) throw new Error(`foreign element <${name}>`);
        const of = (name: string) => elements.filter((element) => element.name === name).length;
        const { attributes } = elements[0]!;
        expect(attributes).toMatchObject({
          tests: String(of('testcase')),
          failures: String(of('failure')),
          errors: String(of('error')),
        });
        // JUnit is green exactly when the run is.
        expect(of('failure') + of('error') === 0).toBe(tally(result).state === 'kept');
      }),
      runs,
    );
  });

  test('gives Markdown in which names start no HTML, no link and no row of their own', () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const markdown = renderMarkdown(result);
        const outsideFences = markdown.replace(/^(`{3,})sh\n.*\n\1$/gm, '');
        expect(outsideFences.match(/<(?!\/?(details|summary)>)/g)).toBeNull();
        expect(outsideFences).not.toMatch(/:\/\/|(?<!\\)\]\(|(?<!&#64;)@/);
        expect(markdown).not.toMatch(/[^\P{Cc}\n]/u);
      }),
      runs,
    );
  });

  test('gives one annotation a line', () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        for (const line of renderAnnotations(result))
          expect(line).toMatch(/^::(error|warning) title=[^\r\n:,]*::[^\r\n]*$/);
      }),
      runs,
    );
  });

  test.each([40, 100])('sends a terminal of %i columns no control character but colours', (columns) => {
    fc.assert(
      fc.property(arbitraryResult, fc.boolean(), (result, color) => {
        const shown = renderTerminal(result, { columns, color });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: only colours may be there
        const plain = shown.replace(/\u001b\[\d+m/g, '');
        expect(plain).not.toMatch(/[^\P{Cc}\n]/u);
        if (!color) expect(shown).toBe(plain);
      }),
      { numRuns: 50 },
    );
  });
});

test('the fixture gives a page as whole as any', () => checkPage(renderHtml(fixture())));

test.each([
  ['an unclosed element', '<p>a'],
  ['a foreign attribute without quotes', '<p onclick=x>a</p>'],
  ['a bare ampersand', '<p>a & b</p>'],
  ['a bare less-than', '<p>a < b</p>'],
  ['crossed elements', '<p><b></p></b>'],
])('the check itself rejects %s', (_, page) => {
  expect(() => elementsOf(page)).toThrow();
});

const junitNames = new Set(['testsuites', 'testsuite', 'testcase', 'failure', 'error']);

const known = new Set(
  `html head meta title link style body a header div p time h1 span ul li b main section h2 article h3 code button svg
   pre figure rect path table thead tr th tbody td br dl dt dd details summary h4 ol g line text strong footer script i`
    .trim()
    .split(/\s+/),
);
const knownAttributes = new Set(
  `lang charset http-equiv content name rel href class id datetime aria-hidden aria-labelledby aria-label aria-pressed
   type data-copy data-script hidden tabindex role style viewBox preserveAspectRatio x y x1 x2 y1 y2 d width height rx
   text-anchor scope colspan data-charts data-state data-filter data-fold data-save open`
    .trim()
    .split(/\s+/),
);

function checkPage(page: string): void {
  const elements = elementsOf(page);
  const scripts: string[] = [];
  for (const { name, attributes, text } of elements) {
    if (!known.has(name)) throw new Error(`foreign element <${name}>`);
    for (const attribute of Object.keys(attributes))
      if (!knownAttributes.has(attribute)) throw new Error(`foreign attribute ${attribute} on <${name}>`);
    if (attributes.href !== undefined && !/^(#|\.\/|data:image\/svg)/.test(attributes.href))
      throw new Error(`a link out of the folder: ${attributes.href}`);
    if (attributes.href?.split('/').includes('..'))
      throw new Error(`a link out of the folder: ${attributes.href}`);
    if (name === 'style') expect(text).not.toMatch(/url\(|@import/);
    if (name === 'script') {
      if (attributes.type === 'application/json') JSON.parse(text);
      else scripts.push(text);
    }
  }
  expect(scripts).toHaveLength(2);
  const policy = elements.find((element) => element.attributes['http-equiv'] === 'Content-Security-Policy');
  expect(policy?.attributes.content).toMatch(/^default-src 'none';/);
  for (const script of scripts) {
    new Script(script);
    const hash = createHash('sha256').update(script).digest('base64');
    expect(policy?.attributes.content).toContain(`'sha256-${hash}'`);
  }
  const ids = elements.map((element) => element.attributes.id).filter((id) => id !== undefined);
  expect(new Set(ids).size).toBe(ids.length);
  const targets = elements
    .map((element) => element.attributes.href ?? '')
    .filter((href) => href.startsWith('#'));
  for (const target of targets)
    if (!ids.includes(target.slice(1))) throw new Error(`${target} leads nowhere`);
}
