// Whether anything of what people and models wrote has become more than text in a page.

import assert from 'node:assert/strict';

/** Watches every page of a context that shows this server. */
export async function watch(context, origin) {
  const found = [];
  await context.exposeBinding('tellViolation', (_, ...told) => found.push(told.join(' ')));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      window.tellViolation('violation', effectiveDirective, blockedURI, sample);
    });
  });
  context.on('dialog', async (dialog) => {
    found.push(`dialog ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on('request', (request) => {
    const own = [origin, 'data:image/', 'blob:'].some((begin) => request.url().startsWith(begin));
    if (!own) found.push(`request ${request.url()}`);
  });
  context.on('weberror', (error) => found.push(`error ${error.error()}`));
  return found;
}

/** Fails where something has happened, or could with a click. */
export async function assertInert(page, found) {
  await page.evaluate(() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
  });
  assert.deepEqual(await page.evaluate(active), []);
  assert.deepEqual(found, []);
}

/** Elements and attributes that act, beside those of the page itself. Runs in the page. */
function active() {
  const TAGS =
    'iframe,frame,frameset,object,embed,applet,portal,fencedframe,base,marquee,video,audio,template,dialog:not([data-testid]),' +
    'body style,body link,body meta,main script,meta[http-equiv],foreignObject,animate,set,use,image,annotation-xml,mglyph';
  const ADDRESSES = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'srcdoc', 'srcset', 'poster', 'ping', 'background'];
  const SAFE = /^(https?:|mailto:|data:image\/(png|jpeg|gif|webp)|\/(?!\/)|#|$)/i;
  const all = [...document.querySelectorAll('*')];
  const acts = all.flatMap((element) => {
    const wrong = [...element.attributes].filter(({ name, value }) => {
      const style = name === 'style' && /url|expression|behavior|import/i.test(value);
      return /^on/i.test(name) || style || (ADDRESSES.includes(name) && !SAFE.test(value));
    });
    return wrong.map(({ name, value }) => `${element.localName} ${name}=${value}`);
  });
  return acts.concat([...document.querySelectorAll(TAGS)].map((element) => element.outerHTML.slice(0, 200)));
}
