// The search box of records: an ARIA combobox over a list that the server
// renders. The last option makes a new record.
(() => {
  'use strict';

  const { $, $$, announce } = window.switchboard;
  const wait = 150;
  let serial = 0;

  const parts = (box) => ({
    input: $('[role=combobox]', box),
    list: $('[role=listbox]', box),
    value: $('[data-value]', box),
    clear: $('[data-clear]', box),
  });
  const options = (list) => $$('[role=option]', list);
  const active = (list) => $('[aria-selected=true]', list);

  async function load(box) {
    const { input, list } = parts(box);
    box.request?.abort();
    const request = (box.request = new AbortController());
    const url = new URL(box.dataset.url, location.href);
    url.searchParams.set('q', box.picked ? '' : input.value.trim());
    try {
      const answer = await fetch(url, { signal: request.signal, headers: { 'HX-Request': 'true' } });
      if (!answer.ok) throw new Error(String(answer.status));
      list.innerHTML = await answer.text();
    } catch (err) {
      if (err.name === 'AbortError') return;
      const p = document.createElement('p');
      p.className = 'slds-listbox__none';
      p.textContent = 'The search did not answer. Type again to retry.';
      list.replaceChildren(p);
    }
    for (const o of options(list)) o.id ||= `${list.id}-${++serial}`;
    input.removeAttribute('aria-activedescendant');
    show(box);
    const n = options(list).length;
    announce(n === 1 ? '1 option' : `${n} options`);
  }

  function show(box) {
    const { input, list } = parts(box);
    if (document.activeElement !== input) return;
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    if (box.closest('dialog')) fit(input, list);
    else list.scrollIntoView({ block: 'nearest' });
  }

  // A dialog does not scroll for its list: that takes the room there is below
  // its field, or above it where there is more.
  function fit(input, list) {
    if (getComputedStyle(list).position !== 'absolute') return;
    const edge = 12, field = input.getBoundingClientRect(), height = window.visualViewport?.height ?? innerHeight;
    const below = height - field.bottom - edge, above = field.top - edge;
    const up = below < 220 && above > below;
    list.classList.toggle('slds-dropdown_up', up);
    list.style.maxHeight = `${Math.min(340, up ? above : below)}px`;
  }

  function hide(box) {
    const { input, list } = parts(box);
    clearTimeout(box.timer);
    box.request?.abort();
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function point(box, option) {
    const { input, list } = parts(box);
    for (const o of options(list)) o.setAttribute('aria-selected', String(o === option));
    if (option) {
      input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    } else input.removeAttribute('aria-activedescendant');
  }

  function step(box, by) {
    const all = options(parts(box).list);
    if (!all.length) return;
    const at = all.indexOf(active(parts(box).list));
    point(box, all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  }

  // A text belongs to one record, so choosing in one field empties the others.
  function pick(box, id, name) {
    const { input, value, clear } = parts(box);
    value.value = id;
    input.value = name;
    box.picked = Boolean(id);
    if (clear) clear.hidden = !id;
    hide(box);
    box.classList.toggle('slds-is-edited', box.hasAttribute('data-initial') && box.dataset.initial !== id);
    const form = box.closest('form');
    if (form.matches('[data-edit]')) form.dataset.dirty = '';
    if (id && box.dataset.exclusive) {
      for (const other of $$(`[data-exclusive="${box.dataset.exclusive}"]`, form)) if (other !== box && parts(other).value.value) pick(other, '', '');
    }
    const assign = $('[data-assign-button]', form);
    if (assign) {
      assign.disabled = !id;
      assign.textContent = id ? `Assign to ${name}` : 'Assign';
      if (id) assign.focus();
    }
  }

  function choose(box, option) {
    if (option.dataset.newUrl) {
      hide(box);
      const { input } = parts(box);
      const url = new URL(option.dataset.newUrl, location.href);
      url.searchParams.set('name', box.picked ? '' : input.value.trim());
      url.searchParams.set('into', input.id);
      window.htmx.ajax('GET', url.pathname + url.search, { source: input, target: '#dialogs', swap: 'beforeend' });
      return;
    }
    pick(box, option.dataset.id, option.dataset.name);
  }

  const boxOf = (el) => el.closest?.('[data-lookup]');

  document.addEventListener('input', (e) => {
    const box = boxOf(e.target);
    if (!box || e.target.getAttribute('role') !== 'combobox') return;
    const { value, clear, input } = parts(box);
    value.value = '';
    box.picked = false;
    if (clear) clear.hidden = !input.value;
    box.classList.toggle('slds-is-edited', box.hasAttribute('data-initial'));
    const assign = $('[data-assign-button]', box.closest('form'));
    if (assign) { assign.disabled = true; assign.textContent = 'Assign'; }
    clearTimeout(box.timer);
    box.timer = setTimeout(() => load(box), wait);
  });

  document.addEventListener('click', (e) => {
    const box = boxOf(e.target);
    if (!box) return;
    if (e.target.getAttribute('role') === 'combobox') {
      if (e.target.getAttribute('aria-expanded') !== 'true') load(box);
      return;
    }
    const option = e.target.closest('[role=option]');
    if (option) { choose(box, option); return; }
    if (e.target.closest('[data-clear]')) { pick(box, '', ''); parts(box).input.focus(); }
  });

  // Keeps the focus in the box while the mouse is in the list.
  document.addEventListener('mousedown', (e) => { if (e.target.closest('[role=listbox]')) e.preventDefault(); });

  document.addEventListener('focusin', (e) => {
    const box = boxOf(e.target);
    if (!box || e.target.getAttribute('role') !== 'combobox') return;
    if (box.picked === undefined) box.picked = Boolean(parts(box).value.value);
    if (box.hasAttribute('data-open-list')) load(box);
  });
  document.addEventListener('focusout', (e) => {
    const box = boxOf(e.target);
    if (box && e.target.getAttribute('role') === 'combobox' && !box.hasAttribute('data-open-list')) hide(box);
  });

  document.addEventListener('keydown', (e) => {
    if (e.target.getAttribute?.('role') !== 'combobox') return;
    const box = boxOf(e.target);
    if (!box) return;
    const { list } = parts(box);
    const open = !list.hidden;
    switch (e.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        e.preventDefault();
        if (open) step(box, e.key === 'ArrowDown' ? 1 : -1);
        else load(box).then(() => step(box, e.key === 'ArrowDown' ? 1 : -1));
        break;
      case 'Enter':
        box.handled = open;
        if (!open) return;
        e.preventDefault();
        if (active(list)) choose(box, active(list));
        break;
      case 'Escape':
        if (!open || box.hasAttribute('data-open-list')) return;
        e.preventDefault();
        e.stopPropagation();
        hide(box);
        break;
      case 'Tab':
        if (open && active(list) && !active(list).dataset.newUrl) pick(box, active(list).dataset.id, active(list).dataset.name);
        break;
      default:
    }
  }, true);

  // Enter that the list took does not send the form, by whatever event the
  // browser would do it.
  document.addEventListener('keypress', (e) => {
    if (e.key === 'Enter' && e.target.getAttribute?.('role') === 'combobox' && boxOf(e.target)?.handled) e.preventDefault();
  }, true);

  // "Use NAME" in the warning of likely duplicates, and a record just made:
  // both fill the field that the dialog was opened from.
  function fill(into, id, name) {
    const input = document.getElementById(into);
    if (!input) return;
    for (const d of $$('#dialogs dialog')) if (!d.contains(input) && d.querySelector(`input[name=into][value="${into}"]`)) { d.opener = into; d.close(); }
    pick(boxOf(input), id, name);
  }
  document.addEventListener('click', (e) => {
    const b = e.target.closest('[data-pick]');
    if (!b) return;
    fill(b.closest('form').elements.into.value, b.dataset.pick, b.dataset.pickName);
  });
  document.addEventListener('record-made', (e) => {
    const { into, id, name, version } = e.detail;
    // The new record may have settled this text: that is no conflict with us.
    const seen = version && $('#details-form [name=version]');
    if (seen) seen.value = version;
    fill(into, id, name);
  });
})();
