/* Waits for the search, and asks a found camera for its address. */
"use strict";

(() => {
  const SECONDS = 75;
  const search = document.querySelector("[data-search]");
  if (!search) return;
  const words = search.dataset;

  async function waitForSearch() {
    const until = Date.now() + SECONDS * 1000;
    while (Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      try {
        const answer = await fetch(words.url, { headers: { Accept: "application/json" }, cache: "no-store" });
        if (!answer.ok || (await answer.json()).done) break;
      } catch { /* the next round asks again */ }
    }
    location.reload();
  }

  async function ask(event) {
    event.preventDefault();
    const form = event.target, said = form.closest("li").querySelector("[data-said]"), button = form.querySelector("button");
    button.disabled = true;
    say(said, words.wordAsking, "said busy");
    try {
      const ordered = await window.Waiting.send(words.askUrl, new FormData(form));
      if (ordered.status !== 202) { say(said, ordered.content.detail || words.wordLost, "said notice error"); return; }
      const result = await window.Waiting.wait(`${words.askUrl}/${ordered.content.id}`, SECONDS);
      if (!result) say(said, words.wordLate, "said notice error");
      else if (!result.ok) say(said, result.problem, "said notice error");
      else location.assign(`${form.dataset.addUrl}?${new URLSearchParams({ name: form.dataset.name, source_url: result.source_url })}`);
    } catch {
      say(said, words.wordLost, "said notice error");
    } finally {
      button.disabled = false;
    }
  }

  function say(element, text, kind) {
    element.textContent = text;
    element.className = kind;
  }

  for (const form of search.querySelectorAll("[data-ask]")) { form.hidden = false; form.addEventListener("submit", ask); }
  if (words.isDone === "0") waitForSearch();
})();
