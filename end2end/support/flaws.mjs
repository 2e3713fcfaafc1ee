// What is wrong with how a page is laid out, as far as a program can tell. It runs in the page.

/** Rows of what, and where. `touched` is whether fingers are used. */
export function flaws(touched) {
  const SMALLEST = 40;
  const found = [];
  const label = (element) => (element.getAttribute('aria-label') || element.textContent || element.outerHTML).trim().slice(0, 60);
  const report = (what, element) => found.push([what, element.dataset?.testid ?? element.tagName, label(element)]);
  const styleOf = (element) => getComputedStyle(element);
  const scrolls = (element, axis) => {
    for (let it = element.parentElement; it && it !== document.documentElement; it = it.parentElement) {
      if (/auto|scroll/.test(styleOf(it)[`overflow${axis}`]) || styleOf(it).position === 'absolute' && it.className.includes?.('sr-only')) return true;
    }
    return false;
  };
  /** What lies over the middle of an element and should not: none where it is scrolled away. */
  const covering = (element, x, y) => {
    for (let it = element.parentElement; it; it = it.parentElement) {
      const { left, right, top, bottom } = it.getBoundingClientRect();
      if (styleOf(it).overflowY !== 'visible' && (x <= left || x >= right || y <= top || y >= bottom)) return null;
    }
    const over = document.elementFromPoint(x, y);
    if (!over || element.contains(over) || over.contains(element) || element.labels?.length) return null;
    return over.closest('[role="listbox"], .drawer[data-open="true"], .backdrop, [data-testid="jump-latest"]') && !element.closest('.drawer') ? null : over;
  };
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const { scrollWidth, scrollHeight, clientHeight } = document.documentElement;
  if (scrollWidth > innerWidth) found.push(['the page is too wide', scrollWidth - innerWidth]);

  const dialog = document.querySelector('dialog[open]');
  for (const element of (dialog ?? document).querySelectorAll('a, button, input, select, textarea, summary, h1, h2')) {
    if (!isSeen(element) || element.classList.contains('sr-only')) continue;
    const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
    if (width === 0 || height === 0) continue;
    if ((left < -1 || right > innerWidth + 1) && !scrolls(element, 'X')) report('out at the side', element);
    if ((top < -1 || bottom > innerHeight + 1) && !scrolls(element, 'Y') && scrollHeight <= clientHeight) report('out of reach', element);
    if (covering(element, (left + right) / 2, (top + bottom) / 2)) report('something lies over it', element);
    const isCut = element.matches('a, button') && element.scrollWidth > element.clientWidth + 1;
    if (isCut && styleOf(element).display !== 'inline' && styleOf(element).textOverflow !== 'ellipsis') report('words are cut off', element);
    // Links within a line of text, and what a label around it makes larger, are as large as they are.
    const isSmall = element.matches('a, button, select, input:not([type="checkbox"]), textarea, summary') && styleOf(element).display !== 'inline';
    if (touched && isSmall && (height < SMALLEST || width < SMALLEST)) report(`too small to touch: ${Math.round(width)} by ${Math.round(height)}`, element);
  }
  return found;
}
