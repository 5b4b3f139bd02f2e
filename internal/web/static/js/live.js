// Follows the server's stream of changes. One tab of the browser holds the
// stream and tells the others, since a browser opens few connections to one
// host. Events carry no content: each page asks for what it shows.
(() => {
  'use strict';

  const { $ } = window.switchboard;
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;

  const name = 'switchboard-live';
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel(name) : null;
  let source, tries = 0, lastSeen = Date.now(), timer, retryAt = 0;

  function tell(kind, data) {
    channel?.postMessage({ kind, data });
    heard(kind, data);
  }

  function heard(kind, data) {
    if (kind === 'state') { banner(data.live, data.retryAt); return; }
    lastSeen = Date.now();
    banner(true);
    if (kind === 'ended') { location.assign('/sign-in'); return; }
    if (kind === 'beat') return;
    document.body.dispatchEvent(new CustomEvent('live-changed', { detail: data }));
  }

  function open() {
    source = new EventSource(address);
    // What happened before the stream was open is looked up.
    source.addEventListener('open', () => { tries = 0; tell('changed', 'resync'); });
    source.addEventListener('changed', (e) => tell('changed', e.data));
    source.addEventListener('ended', () => { source.close(); tell('ended'); });
    source.addEventListener('error', () => {
      source.close();
      tries += 1;
      const delay = Math.min(30, 2 ** Math.min(tries, 5)) * 1000 + Math.random() * 1000;
      retryAt = Date.now() + delay;
      tell('state', { live: false, retryAt });
      clearTimeout(timer);
      timer = setTimeout(open, delay);
    });
  }

  let ticking;
  function banner(live, at) {
    const box = $('#offline');
    if (!box) return;
    clearInterval(ticking);
    // A short gap is nobody's business.
    if (live || Date.now() - lastSeen < 4000) { box.hidden = true; if (!live) setTimeout(() => { if (retryAt > Date.now()) banner(false, at); }, 4000); return; }
    const write = () => {
      const ago = Math.round((Date.now() - lastSeen) / 60000);
      const left = Math.max(0, Math.ceil((at - Date.now()) / 1000));
      $('[data-offline-text]', box).textContent = `Not live. Last updated ${ago < 1 ? 'just now' : ago + ' min ago'}, trying again in ${left} s.`;
    };
    write();
    ticking = setInterval(write, 1000);
    box.hidden = false;
  }

  document.addEventListener('click', (e) => {
    if (!e.target.closest('[data-live-retry]')) return;
    if (source) { clearTimeout(timer); source.close(); open(); } else channel?.postMessage({ kind: 'retry' });
  });
  channel?.addEventListener('message', (e) => {
    if (e.data.kind === 'retry') { if (source) { clearTimeout(timer); source.close(); open(); } return; }
    heard(e.data.kind, e.data.data);
  });

  // The lock is held as long as this tab lives; then the next one gets it.
  if (navigator.locks) navigator.locks.request(name, () => { open(); return new Promise(() => {}); });
  else open();
})();
