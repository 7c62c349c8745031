import { asset } from '../asset.ts';
import { type Content, html, Markup } from './markup.ts';

/** A page without scripts in the style of the report, for what is not the report of a run; asks the network for nothing. */
export function standalonePage(title: string, body: Content): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(asset('reports/html/page.css'))}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
