// Shows the calls whose words contain all that is typed into the search.
"use strict";

(() => {
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const items = [...document.querySelectorAll("[data-words]")];
  const groups = [...document.querySelectorAll("[data-group]")];

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    const n = items.filter((item) => item.localName === "article" && !item.hidden).length;
    found.textContent = words.length === 0 ? "" : n === 1 ? "1 call" : `${n} calls`;
  }

  search.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });
})();
