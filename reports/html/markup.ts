/** Markup is text that is safe to put into a page as it is; everything else is escaped on the way in. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = string | number | Markup | null | undefined | false | readonly Content[];

/**
 * html`<td title="${name}">${value}</td>` escapes every value that is not Markup itself, in text and in quoted
 * attributes alike, so that forgetting is not possible. Null, undefined and false leave nothing.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = literals[0]!;
  for (let i = 0; i < values.length; i++) text += written(values[i]!) + literals[i + 1]!;
  return new Markup(text);
}

function written(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string') return escaped(content);
  if (typeof content === 'number') return String(content);
  return content.map(written).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  // U+0000 is not allowed in HTML in any form; lone surrogates cannot be written as UTF-8.
  return text
    .replace(/[&<>"']/g, (character) => entities[character]!)
    .replace(/\0|\p{Surrogate}/gu, '\ufffd');
}

/**
 * JSON for a <script type="application/json">: no `<` is left that could close the element or open a comment.
 */
export function embeddedJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value, short)
      .replace(/</g, '\\u003c')
      .replace(/>/g, '\\u003e')
      .replace(/\u2028/g, '\\u2028')
      .replace(/\u2029/g, '\\u2029'),
  );
}

/** Six digits are more than a pixel or a reader sees, and a nightly run has a million of these numbers. */
function short(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) && Number.isFinite(value)
    ? Number(value.toPrecision(6))
    : value;
}

/** A path of the run's folder as a link that stays there: `javascript:`, `//host` and `..` lead nowhere else. */
export function fileLink(path: string): string {
  return `./${path
    .split('/')
    .filter((part) => !['', '.', '..'].includes(part))
    .map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd')))
    .join('/')}`;
}
