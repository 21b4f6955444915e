/* Keeps the status fresh: by server-sent events, else by asking every ten seconds. */
"use strict";

(() => {
  const POLL_MS = 10000;
  const TRY_EVENTS_AGAIN_MS = 60000;
  const SILENT_MS = 40000;
  const main = document.querySelector("[data-status]");
  const listening = main.querySelector("[data-listening]");
  const sections = new Map([...main.querySelectorAll("[data-section]")].map((each) => [each.dataset.section, each]));
  let source = null, timer = null, watch = null, id = main.dataset.id;

  function say(how, text) {
    listening.dataset.how = how;
    if (listening.textContent !== text) listening.textContent = text;
  }

  /* What comes is a piece of our own page, written and escaped by the same templates. */
  function show(name, html) {
    const place = sections.get(name);
    if (!place) return;
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    if (fresh.innerHTML !== place.innerHTML) place.replaceChildren(...fresh.childNodes);
  }

  function listen() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(`${main.dataset.eventsUrl}?${new URLSearchParams({ id, city: main.dataset.city })}`);
    source.addEventListener("open", () => say("live", main.dataset.wordLive));
    for (const name of sections.keys()) {
      source.addEventListener(name, (event) => { id = event.lastEventId; show(name, JSON.parse(event.data).html); });
    }
    // The server ends each stream after some minutes, and says so: nothing is lost.
    source.addEventListener("again", listen);
    // Another tab chose another city.
    source.addEventListener("moved", () => location.reload());
    source.addEventListener("over", () => { stop(); say("lost", main.dataset.wordOver); });
    source.addEventListener("error", () => {
      // Closed for good (too many listen, or signed out): ask instead. Else the browser comes back by itself.
      if (source?.readyState === EventSource.CLOSED) { stop(); poll(Date.now()); }
      else say("lost", main.dataset.wordLost);
    });
  }

  function stop() {
    source?.close();
    source = null;
  }

  async function poll(since) {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(main.dataset.factsUrl, { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.status === 401 || answer.status === 403) { say("lost", main.dataset.wordOver); return; }
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      const facts = await answer.json();
      if (facts.city !== main.dataset.city) { location.reload(); return; }
      id = facts.id;
      for (const [name, html] of Object.entries(facts.sections)) show(name, html);
      say("polling", main.dataset.wordPolling);
    } catch {
      say("lost", main.dataset.wordLost);
    }
    timer = setTimeout(() => (Date.now() - since > TRY_EVENTS_AGAIN_MS ? listen() : poll(since)), POLL_MS);
  }

  function begin() {
    if (window.EventSource) listen();
    else poll(Infinity);
  }

  // A page that nobody looks at needs no thread of the server.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(watch);
    if (document.hidden) watch = setTimeout(() => { stop(); clearTimeout(timer); }, SILENT_MS);
    else if (!source) begin();
  });
  window.addEventListener("pagehide", stop);
  begin();
})();
