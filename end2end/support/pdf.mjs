// A PDF of one page, by the book.

import { deflateSync } from 'node:zlib';

/** A file whose page says this; or whose page has these instructions. */
export function pdf(text, instructions = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`) {
  const contents = deflateSync(instructions);
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    Buffer.concat([
      Buffer.from(`<</Filter/FlateDecode/Length ${contents.length}>>\nstream\n`), contents, Buffer.from('\nendstream'),
    ]),
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  const pieces = [Buffer.from('%PDF-1.4\n')];
  const offsets = [];
  const size = () => pieces.reduce((sum, piece) => sum + piece.length, 0);
  for (const [index, object] of objects.entries()) {
    offsets.push(`${String(size()).padStart(10, '0')} 00000 n \n`);
    pieces.push(Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n'));
  }
  const [start, count] = [size(), objects.length + 1];
  pieces.push(Buffer.from(
    `xref\n0 ${count}\n0000000000 65535 f \n${offsets.join('')}` +
      `trailer\n<</Size ${count}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`,
  ));
  return Buffer.concat(pieces);
}
