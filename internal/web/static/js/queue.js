// The queue: a current row that the keyboard moves, a preview beside it, many
// rows selected at once.
(() => {
  'use strict';

  const { $, $$, announce } = window.switchboard;
  const wide = matchMedia('(min-width: 1100px)');

  const rows = () => $$('[data-row]');
  const currentRow = () => $('.sb-row_current') || rows()[0];

  let pending;
  function preview(row) {
    clearTimeout(pending);
    if (!wide.matches || !window.htmx) return;
    pending = setTimeout(() => {
      window.htmx.ajax('GET', `/unassigned/preview?message=${encodeURIComponent(row.dataset.id)}`, { source: '#preview', target: '#preview', swap: 'innerHTML' });
    }, 80);
  }

  function makeCurrent(row, focus) {
    if (!row) return;
    const was = $('.sb-row_current');
    if (was !== row) {
      was?.classList.remove('sb-row_current');
      row.classList.add('sb-row_current');
      preview(row);
    }
    if (focus) $('[data-row-link]', row).focus();
    row.scrollIntoView({ block: 'nearest' });
  }

  function step(by) {
    const all = rows();
    const at = all.indexOf($('.sb-row_current'));
    makeCurrent(all[Math.min(all.length - 1, Math.max(0, at + by))], true);
  }

  document.addEventListener('click', (e) => {
    const row = e.target.closest('[data-row]');
    if (!row || e.target.closest('a, button, label, input, summary')) return;
    if (wide.matches) makeCurrent(row, true);
    else location.assign(row.dataset.href);
  });
  document.addEventListener('focusin', (e) => {
    const row = e.target.closest?.('[data-row]');
    if (row) makeCurrent(row, false);
  });

  // The row after the one that is placed becomes the current one.
  document.addEventListener('htmx:configRequest', (e) => {
    const { elt, verb, parameters } = e.detail;
    if (verb !== 'post' || !$('#queue')) return;
    const row = elt.closest('[data-row]') || (elt.closest('#preview, dialog') && currentRow());
    if (!row) return;
    const all = rows().filter((r) => r === row || !$('[data-select]:checked', r));
    const at = all.indexOf(row);
    const next = all[at + 1] || all[at - 1];
    if (next) parameters.current = next.dataset.id;
  });
  // The server says which of the rows shown were placed by others.
  document.addEventListener('htmx:configRequest', (e) => {
    if (e.detail.elt.id === 'new-senders') e.detail.parameters.shown = rows().map((r) => r.dataset.id).join(',');
  });
  document.addEventListener('htmx:beforeRequest', (e) => {
    const row = e.detail.requestConfig.verb === 'post' && e.detail.elt.closest('[data-row]');
    if (row) row.setAttribute('aria-busy', 'true');
  });

  // Selecting

  const boxes = () => $$('[data-select]');
  let last;

  function selection() {
    const bar = $('[data-bulk]'), all = $('[data-select-all]');
    if (!bar) return;
    const chosen = boxes().filter((b) => b.checked);
    bar.hidden = chosen.length === 0;
    let texts = 0;
    for (const b of chosen) texts += parseInt(b.closest('[data-row]').dataset.texts, 10) || 1;
    $('[data-bulk-senders]', bar).textContent = chosen.length === 1 ? '1 sender selected' : `${chosen.length} senders selected`;
    $('[data-bulk-texts]', bar).textContent = texts === 1 ? '1 text' : `${texts} texts`;
    if (!all) return;
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  }

  function select(box, on, range) {
    const all = boxes();
    const from = all.indexOf(last), to = all.indexOf(box);
    if (range && from >= 0) for (const b of all.slice(Math.min(from, to), Math.max(from, to) + 1)) b.checked = on;
    box.checked = on;
    last = box;
    selection();
  }

  function clear() {
    for (const b of boxes()) b.checked = false;
    selection();
    announce('Nothing selected');
  }

  document.addEventListener('click', (e) => {
    const box = e.target.closest('[data-select]');
    if (box) select(box, box.checked, e.shiftKey);
    if (e.target.closest('[data-bulk-clear]')) { clear(); $('[data-row-link]', currentRow()).focus(); }
  });
  document.addEventListener('change', (e) => {
    if (!e.target.matches('[data-select-all]')) return;
    for (const b of boxes()) b.checked = e.target.checked;
    selection();
  });
  document.addEventListener('htmx:afterSettle', selection);

  window.switchboard.queue = {
    step,
    current: currentRow,
    toggle: (range) => { const box = $('[data-select]', currentRow()); if (box) select(box, !box.checked || Boolean(range), range); },
    selected: () => boxes().some((b) => b.checked),
    clear,
  };
})();
