// Single-key shortcuts. They rest in fields and dialogs and while the user
// has switched them off.
(() => {
  'use strict';

  const { $, openDialog, queue } = window.switchboard;
  let going = 0;

  const places = { h: '/', u: '/unassigned', c: '/contacts', l: '/leads', a: '/accounts' };
  const onQueue = () => Boolean($('#queue [data-row]'));
  const scope = () => (onQueue() ? queue.current() : $('#record'));

  // Clicks the first thing that a shortcut stands for and that can be seen.
  function press(...selectors) {
    for (const root of [scope(), $('#preview'), document]) {
      for (const s of selectors) {
        const el = root && [...root.querySelectorAll(s)].find((x) => x.offsetParent !== null);
        if (el) { el.click(); return true; }
      }
    }
    return false;
  }

  document.addEventListener('keydown', (e) => {
    if (document.body.dataset.keys === 'off' || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    if ($('dialog[open]') || e.target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]')) return;
    if ($('#bell-panel:popover-open')) return;
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;

    if (going) {
      clearTimeout(going);
      going = 0;
      if (places[key]) { e.preventDefault(); location.assign(places[key]); }
      return;
    }
    let done = true;
    if (/^[1-9]$/.test(key)) {
      done = press(`[data-key="${key}"]`);
    } else {
      switch (key) {
        case 'j': if (onQueue()) queue.step(1); else done = press('a[data-next]'); break;
        case 'k': if (onQueue()) queue.step(-1); else done = press('a[data-prev]'); break;
        case 'n': done = press('[data-new]'); break;
        case 'f': done = press('[data-find]'); break;
        case 'd': done = dismiss(); break;
        case 'x': if (onQueue()) queue.toggle(e.shiftKey); else done = false; break;
        case 'z': done = press('[data-undo]'); break;
        case 'c': done = press('[data-copy]'); break;
        case '/': { const box = $('#global-search'); if (box?.offsetParent) box.focus(); else location.assign('/search'); break; }
        case 'g': going = setTimeout(() => { going = 0; }, 1500); break;
        case '?': openDialog($('#keys-dialog')); break;
        case 'Escape': if (onQueue() && queue.selected()) queue.clear(); else done = false; break;
        default: done = false;
      }
    }
    if (done) e.preventDefault();
  });

  function dismiss() {
    const menu = [...document.querySelectorAll('[data-dismiss-menu]')].find((m) => m.offsetParent !== null);
    if (!menu) return false;
    menu.open = true;
    $('button', menu).focus();
    return true;
  }
})();
