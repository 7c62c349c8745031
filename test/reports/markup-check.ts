/** An Element of a page that was read strictly: every tag closed, every attribute quoted. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of script and style: what is in them. Of others: their own text, entities resolved. */
  text: string;
}

const voidElements = new Set(['meta', 'link', 'br', 'input']);
const rawElements = new Set(['script', 'style']);

/**
 * Reads HTML or XML far more strictly than a browser would: no unclosed tag, no unquoted attribute, no bare & or <.
 * Text that got into a page unescaped would have to be well-formed and use only known names to go unnoticed.
 */
export function elementsOf(page: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  const rest = page.replace(/^<(!doctype html|\?xml version="1\.0" encoding="UTF-8"\?)>/, '');
  const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*(?:="[^"<]*")?)*)\s*(\/?)>/y;
  let at = 0;
  while (at < rest.length) {
    const next = rest.indexOf('<', at);
    const text = next < 0 ? rest.slice(at) : rest.slice(at, next);
    const owner = open.at(-1);
    if (owner === undefined) {
      if (text.trim() !== '') throw new Error(`text outside of any element: ${text.slice(0, 80)}`);
    } else owner.text += resolved(text);
    if (next < 0) break;
    tag.lastIndex = next;
    const found = tag.exec(rest);
    if (found === null) throw new Error(`no tag at: ${rest.slice(next, next + 120)}`);
    const [whole, close, name, attributeText, selfClosed] = found as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    at = next + whole.length;
    if (close === '/') {
      const last = open.pop();
      if (last?.name !== name)
        throw new Error(`</${name}> closes <${last?.name}>: ${rest.slice(next - 120, at)}`);
      continue;
    }
    const element: Element = { name, attributes: attributesOf(attributeText), text: '' };
    elements.push(element);
    if (rawElements.has(name)) {
      const end = rest.indexOf(`</${name}`, at);
      if (end < 0) throw new Error(`<${name}> is not closed`);
      element.text = rest.slice(at, end);
      at = end + `</${name}>`.length;
    } else if (selfClosed === '' && !voidElements.has(name)) open.push(element);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.map((element) => element.name).join(', ')}`);
  return elements;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-zA-Z][a-zA-Z0-9:-]*)(?:="([^"]*)")?/g)) {
    if (name! in attributes) throw new Error(`attribute ${name} is there twice: ${text}`);
    attributes[name!] = resolved(value ?? '');
  }
  return attributes;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function resolved(text: string): string {
  if (/&(?!(amp|lt|gt|quot|#\d+);)/.test(text)) throw new Error(`a bare & in: ${text.slice(0, 120)}`);
  return text.replace(/&(?:(amp|lt|gt|quot)|#(\d+));/g, (_, name: string | undefined, code: string) =>
    name === undefined ? String.fromCodePoint(Number(code)) : named[name]!,
  );
}
