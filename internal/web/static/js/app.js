// What every page needs: focus after a swap, dialogs, toasts, copying, menus,
// and words for a request that failed. Everything here makes pages that work
// as plain links and forms more comfortable; nothing depends on it.
(() => {
  'use strict';

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const phone = matchMedia('(max-width: 767px)');

  function announce(text) {
    const box = $('#announce');
    box.textContent = '';
    setTimeout(() => { box.textContent = text; }, 50);
  }

  // Toasts

  function toast(title, note = '', kind = '') {
    const el = document.createElement('div');
    el.className = 'slds-notify_toast' + (kind ? ` sb-toast_${kind}` : '');
    el.setAttribute('role', 'status');
    el.setAttribute('aria-live', 'off');
    el.setAttribute('aria-label', title);
    el.dataset.toast = '';
    const text = document.createElement('div');
    text.className = 'sb-toast__text';
    const head = document.createElement('span');
    head.className = 'sb-toast__title';
    head.textContent = title;
    text.append(head, note);
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'slds-button slds-button_icon';
    close.dataset.toastClose = '';
    close.setAttribute('aria-label', 'Close message');
    close.textContent = '×';
    el.append(text, close);
    $('#toasts').append(el);
    watchToasts();
  }

  // A toast stays for ten seconds, and while somebody is at it.
  function watchToasts() {
    const all = $$('[data-toast]');
    for (const old of all.slice(0, -2)) old.remove();
    for (const el of $$('[data-toast]:not([data-watched])')) {
      el.dataset.watched = '';
      let left = 10000, started = Date.now(), timer;
      const run = () => { started = Date.now(); timer = setTimeout(() => { el.remove(); }, left); };
      const hold = () => { clearTimeout(timer); left = Math.max(1500, left - (Date.now() - started)); };
      const away = () => { if (!el.matches(':hover') && !el.contains(document.activeElement)) { clearTimeout(timer); run(); } };
      el.addEventListener('mouseenter', hold);
      el.addEventListener('focusin', hold);
      el.addEventListener('mouseleave', away);
      el.addEventListener('focusout', () => setTimeout(away));
      run();
    }
  }

  // What was taken back can't be taken back once more.
  function dropUndone(token) {
    for (const el of $$('[data-toast]')) if ($('[name=token]', el)?.value === token) el.remove();
  }

  function closeToast(el) {
    const had = el.contains(document.activeElement);
    el.remove();
    if (had) focusPage();
  }

  // Focus: after a swap it goes to what the new content asks for, else back
  // to the element with the same id, else to the page's heading. Never to
  // nowhere.

  let focusId = '';
  let focusSelector = '';

  function focusPage() {
    const target = $('#main [data-focus]') || $('#page-name') || $('#main');
    if (target) target.focus({ preventScroll: false });
  }

  function remember() {
    const el = document.activeElement;
    focusId = el && el !== document.body ? el.id : '';
    focusSelector = '';
    if (el && !el.id && el.dataset && el.dataset.key) focusSelector = `[data-key="${el.dataset.key}"]`;
  }

  function settle(root) {
    if (phone.matches) for (const d of $$('[data-fold-on-phone]', root)) d.open = false;
    const dialog = $('dialog[data-dialog]:not([open])', document);
    if (dialog) { openDialog(dialog); return; }
    watchToasts();
    const wanted = $('[data-focus]', document.contains(root) ? root : $('#main'));
    if (wanted && !$('dialog[open]')) {
      wanted.removeAttribute('data-focus');
      wanted.focus();
      if (wanted.matches('input') && wanted.value) wanted.select();
      return;
    }
    if (document.activeElement && document.activeElement !== document.body) return;
    if ($('dialog[open]')) { firstField($('dialog[open]:last-of-type')); return; }
    const same = (focusId && document.getElementById(focusId)) || (focusSelector && $(focusSelector));
    if (same && same.offsetParent) { same.focus(); return; }
    const heading = $('#page-name');
    if (heading) heading.focus({ preventScroll: true });
  }

  function firstField(dialog) {
    const el = $('[aria-invalid="true"]', dialog) || $('[data-focus]', dialog) || $('input:not([type=hidden]), select, textarea', dialog) || $('button', dialog);
    if (el) el.focus();
  }

  // Dialogs: opened natively, so the rest of the page is inert and Esc closes.

  function openDialog(dialog) {
    dialog.opener = document.activeElement && document.activeElement.id;
    dialog.showModal();
    firstField(dialog);
    setTimeout(() => {
      const el = document.activeElement;
      if (dialog.contains(el)) { el.blur(); el.focus(); }
    });
    dialog.addEventListener('cancel', (e) => {
      const list = $('[data-lookup]:not([data-open-list]) [role=combobox][aria-expanded=true]', dialog);
      if (list) e.preventDefault();
    });
    dialog.addEventListener('close', () => {
      // Removing a dialog inside its own close event leaves the keyboard dead.
      setTimeout(() => {
        const back = dialog.opener && document.getElementById(dialog.opener);
        const below = [...document.querySelectorAll('dialog[open]')].filter((d) => d !== dialog).pop();
        if (dialog.hasAttribute('data-remove')) dialog.remove();
        if (back && back.offsetParent && (!below || below.contains(back))) { back.blur(); back.focus(); }
        else if (document.activeElement !== document.body) return;
        else if (below) firstField(below);
        else focusPage();
      });
    });
  }

  function closeDialogs() {
    for (const d of $$('#dialogs dialog')) { d.opener = ''; d.close(); d.remove(); }
  }

  function alertIn(form, what, then) {
    const box = form && $('[data-alert]', form);
    if (!box) { toast(what, then, 'error'); return; }
    const p = document.createElement('p');
    p.className = 'sb-notice sb-notice_error';
    p.setAttribute('role', 'alert');
    const b = document.createElement('b');
    b.className = 'sb-strong';
    b.textContent = what + ' ';
    const span = document.createElement('span');
    span.append(b, then);
    p.append(span);
    box.replaceChildren(p);
  }

  // Copying: the clipboard needs https or localhost; elsewhere a selection does.

  async function copy(button) {
    const text = button.dataset.copy;
    let ok = false;
    try {
      await navigator.clipboard.writeText(text);
      ok = true;
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      area.className = 'slds-assistive-text';
      button.after(area);
      area.select();
      ok = document.execCommand('copy');
      area.remove();
      button.focus();
    }
    if (!ok) { toast('Could not copy', `Select ${text} and copy it yourself.`, 'error'); return; }
    announce(`Copied ${text}`);
    const label = $('[data-copy-label]', button);
    if (label) {
      const was = label.dataset.was || label.textContent;
      label.dataset.was = was;
      label.textContent = 'Copied';
      clearTimeout(label.timer);
      label.timer = setTimeout(() => { label.textContent = was; }, 2000);
    } else toast(`Copied ${text}`);
  }

  document.addEventListener('click', (e) => {
    const t = e.target;
    const copyButton = t.closest('[data-copy]');
    if (copyButton) { copy(copyButton); return; }
    const close = t.closest('[data-close]');
    if (close) { close.closest('dialog')?.close(); return; }
    const toastClose = t.closest('[data-toast-close]');
    if (toastClose) { closeToast(toastClose.closest('[data-toast]')); return; }
    if (t.closest('[data-open-keys]')) { openDialog($('#keys-dialog')); return; }
    for (const menu of $$('details.sb-menu[open]')) if (!menu.contains(t)) menu.open = false;
  });

  document.addEventListener('keydown', (e) => {
    const menu = e.target.closest?.('details.sb-menu[open]');
    if (menu && e.key === 'Escape') {
      e.preventDefault();
      e.stopPropagation();
      menu.open = false;
      $('summary', menu).focus();
    }
    if (menu && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault();
      move($$('.sb-menu__item', menu), e.key === 'ArrowDown' ? 1 : -1);
    }
    const panel = e.target.closest?.('#bell-panel') || (e.target.id === 'bell' && $('#bell-panel:popover-open'));
    if (panel && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault();
      move($$('[data-note]', $('#bell-panel')), e.key === 'ArrowDown' ? 1 : -1);
    }
  }, true);

  function move(items, by) {
    const at = items.indexOf(document.activeElement);
    const next = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : at + by];
    if (next) next.focus();
  }

  // Light and dark at once; the form tells the server for the next page.
  document.addEventListener('submit', (e) => {
    const toggle = e.submitter?.closest('[data-theme-toggle]');
    if (toggle) {
      e.preventDefault();
      const dark = getComputedStyle(document.documentElement).colorScheme.startsWith('dark') ||
        (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
      const theme = dark ? 'light' : 'dark';
      document.documentElement.dataset.theme = theme;
      announce(theme === 'dark' ? 'Dark' : 'Light');
      fetch('/appearance', { method: 'POST', body: new URLSearchParams({ theme }), redirect: 'manual' });
    }
  });

  // Requests

  document.addEventListener('htmx:configRequest', remember);
  // What others changed never takes a form away from under somebody's hands.
  document.addEventListener('htmx:beforeRequest', (e) => {
    if (e.detail.elt.id === 'record-refresh' && ($('[data-edit]') || $('dialog[open]') || $('details.sb-menu[open]'))) e.preventDefault();
  });
  document.addEventListener('htmx:beforeRequest', (e) => {
    const form = e.detail.elt.closest('form');
    const button = form && $('[data-busy]', form);
    if (!button || e.detail.requestConfig.verb !== 'post') return;
    button.dataset.was = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute('aria-disabled', 'true');
  });
  document.addEventListener('htmx:afterRequest', (e) => {
    const button = e.detail.elt.closest?.('form')?.querySelector('[data-busy][aria-disabled]');
    if (!button) return;
    button.textContent = button.dataset.was;
    button.removeAttribute('aria-disabled');
  });
  document.addEventListener('htmx:beforeSwap', (e) => {
    if (e.detail.requestConfig.path === '/undo') dropUndone(e.detail.requestConfig.elt.elements?.token?.value);
  });
  document.addEventListener('htmx:beforeSwap', (e) => {
    // Success of a form in a dialog changes the page below it; its errors
    // come back into the dialog.
    const { xhr, target, requestConfig } = e.detail;
    const dialog = requestConfig.elt.closest('dialog');
    if (!dialog || target.id !== 'main') return;
    if (xhr.getResponseHeader('HX-Reswap') === 'none') return;
    if (xhr.status === 422) e.detail.target = dialog;
    else if (xhr.status < 400 || xhr.status === 409) closeDialogs();
  });
  document.addEventListener('htmx:afterSettle', (e) => settle(e.detail.target || document));
  // The tab's title counts along with the bell.
  document.addEventListener('htmx:oobAfterSwap', () => {
    const unread = Number($('#bell-count')?.dataset.unread || 0);
    document.title = (unread ? `(${unread}) ` : '') + document.title.replace(/^\(\d+\) /, '');
  });
  document.addEventListener('htmx:sendError', (e) => {
    const { elt, requestConfig } = e.detail;
    if (requestConfig.verb !== 'get') alertIn(elt.closest('form'), 'Not saved.', 'The server did not answer; your entries are still here.');
    else if (requestConfig.triggeringEvent?.isTrusted) toast('Not loaded.', 'The server did not answer; try again in a moment.', 'error');
    // What the page asked by itself, it asks again; until then it says that it is not live.
  });
  document.addEventListener('htmx:responseError', (e) => {
    const { xhr, elt } = e.detail;
    const said = (xhr.getResponseHeader('Content-Type') || '').startsWith('text/plain') && xhr.responseText.trim();
    if (xhr.status === 401) { location.assign('/sign-in?return=' + encodeURIComponent(location.pathname + location.search)); return; }
    alertIn(elt.closest('form'), 'That did not work.', said || 'Try again; if it stays so, look into the log of the server.');
  });

  // A form being edited warns before it is left with changes.
  window.addEventListener('beforeunload', (e) => { if ($('[data-edit][data-dirty]')) e.preventDefault(); });
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.defaultPrevented || $('dialog[open]')) return;
    const form = e.target.closest('[data-edit]');
    if (!form) return;
    e.preventDefault();
    if (form.hasAttribute('data-dirty') && !confirm('Leave without saving your changes?')) return;
    $('[data-cancel]', form).click();
  });
  // The end of an edit leads back to the pencil that began it.
  let pencil = 'edit-contact', ending = false;
  document.addEventListener('click', (e) => {
    const b = e.target.closest('.sb-pencil');
    if (b) pencil = b.id;
    if (e.target.closest('[data-cancel]')) ending = true;
  });
  document.addEventListener('submit', (e) => { if (e.target.matches('[data-edit]')) ending = true; }, true);
  document.addEventListener('htmx:afterSettle', () => {
    if (!ending || $('[data-edit]')) return;
    ending = false;
    const at = document.activeElement;
    if (!at || at === document.body || at.id === 'page-name') document.getElementById(pencil)?.focus();
  });

  // Likely duplicates are looked up when a watched field is left.
  document.addEventListener('change', (e) => {
    const form = e.target.matches('[data-watch]') && e.target.closest('[data-record-form]');
    if (form && window.htmx) {
      window.htmx.ajax('POST', '/records/likely', { source: form, values: Object.fromEntries(new FormData(form)), target: `#${form.id}-likely`, swap: 'outerHTML' });
    }
  });

  // Ages grow while a page stays open, by the server's clock.
  const ahead = Date.now() - Number(document.body.dataset.now);
  function age(minutes) {
    if (minutes < 1) return 'now';
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
  }
  function grow() {
    for (const el of $$('time')) {
      const minutes = Math.floor((Date.now() - ahead - Date.parse(el.dateTime)) / 60000);
      if (minutes >= 24 * 60) continue;
      if (/^(now|\d+ (min|h))$/.test(el.textContent)) el.textContent = age(minutes);
      else if (/^(just now|\d+ (min|h) ago)$/.test(el.textContent)) el.textContent = minutes < 1 ? 'just now' : `${age(minutes)} ago`;
    }
  }
  setInterval(grow, 20000);

  addEventListener('DOMContentLoaded', () => {
    if (phone.matches) for (const d of $$('[data-fold-on-phone]')) d.open = false;
    watchToasts();
    const wanted = $('#main [data-focus]');
    if (wanted && document.body.dataset.section !== 'unassigned' || wanted?.closest('[data-edit]')) wanted.focus();
  });

  window.switchboard = { $, $$, announce, toast, closeDialogs, openDialog, focusPage, grow };
})();
