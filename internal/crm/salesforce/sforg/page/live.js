// Keeps the parts that are marked as the org has them. What is open or being
// typed stands outside of them.
const every = 1000

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href)
      if (answer.ok) {
        const now = new DOMParser().parseFromString(await answer.text(), 'text/html')
        for (const part of document.querySelectorAll('[data-live]')) {
          const fresh = now.querySelector(`[data-live="${part.dataset.live}"]`)
          if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes)
        }
      }
    }
  } catch {
    // the org is not there just now, or never again
  }
  setTimeout(look, every)
}

setTimeout(look, every)
