/* The wall: plays what is in view, asks for fresh states every two seconds, switches recording without a reload.
   The scripts beside it work upon `window.wall`. */
"use strict";

(() => {
  const POLL_MS = 2000;
  const SLOWEST_POLL_MS = 10000;
  const ANSWER_MS = 8000;
  const SPOKEN_AT_ONCE = 3;

  const wall = document.querySelector("[data-wall]");
  const words = {};
  for (const [key, text] of Object.entries(wall.dataset)) {
    if (key.startsWith("word")) words[key[4].toLowerCase() + key.slice(5)] = text;
  }
  const connection = new window.Connection(wall.querySelector("[data-connection]"), words, wall.dataset.zone);
  const announcer = wall.querySelector("[data-announce]");
  const notices = wall.querySelector("[data-notices]");
  const pauses = wall.querySelectorAll("[data-pause]");
  const reducesMotion = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const cards = new Map();
  let paused = remembered() ?? reducesMotion;
  let etag = null, timer = null, asking = null;

  function remembered() {
    try {
      const value = localStorage.getItem("wall.paused");
      return value === null ? null : value === "1";
    } catch { return null; }  // storage may be forbidden: then the choice lasts as long as the page
  }

  function remember(value) {
    try { localStorage.setItem("wall.paused", value ? "1" : "0"); } catch { /* as above */ }
  }

  class Card {
    constructor(element) {
      this.element = element;
      this.name = element.querySelector("h2").textContent;
      this.stateText = element.querySelector("[data-state-text]");
      this.why = element.querySelector("[data-why]");
      this.recording = new window.RecordingSwitch(element, words, (fresh) => this.hearSwitched(fresh));
      this.picture = new window.LivePicture(element, words);
      this.inView = false;
    }

    refreshPicture() {
      const playable = this.element.dataset.playable === "1";
      const wanted = playable && this.inView && this.element.isConnected && !paused && !document.hidden;
      this.picture.want(wanted, playable ? (paused ? words.paused : "") : this.stateText.textContent);
    }

    /* A picture whose element was moved stands still until it is told to go on. */
    resumePicture() {
      if (this.picture.wanted && this.picture.video.paused) this.picture.play();
    }

    /* Take over a fresh state; gives whether its words about the picture changed. */
    update(fresh) {
      const changed = this.element.dataset.state !== fresh.state;
      this.element.dataset.state = fresh.state;
      this.element.dataset.playable = fresh.playable ? "1" : "0";
      write(this.stateText, fresh.state_text);
      write(this.why, fresh.problem);
      this.recording.show(fresh);
      this.refreshPicture();
      return changed;
    }

    hearSwitched(fresh) {
      etag = null;
      if (fresh) this.update(fresh);
      announce(`${this.name}: ${this.recording.text.textContent}`);
      if (fresh) ask();
    }

    /* Say that it is no more; gives whether that is new. */
    showRemoved() {
      if (this.element.dataset.state === "removed") return false;
      this.element.dataset.state = "removed";
      this.element.dataset.playable = "0";
      write(this.stateText, words.removed);
      write(this.why, "");
      this.recording.text.closest(".switching").hidden = true;
      this.refreshPicture();
      return true;
    }
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function announce(text) {
    announcer.textContent = "";
    requestAnimationFrame(() => { announcer.textContent = text; });
  }

  function take(fresh, asked) {
    // Another tab chose another city: these cards are no longer what the page's address means.
    if (fresh.city !== wall.dataset.city) { location.reload(); return; }
    const changes = [];
    for (const [id, state] of Object.entries(fresh.cameras)) {
      const card = cards.get(id);
      if (card?.update(state)) changes.push(`${card.name}: ${state.state_text}`);
    }
    for (const id of asked.filter((each) => !(each in fresh.cameras))) {
      const card = cards.get(id);
      if (card?.showRemoved()) changes.push(`${card.name}: ${words.removed}`);
    }
    for (const [key, count] of Object.entries(fresh.counts)) {
      const shown = wall.querySelector(`[data-count="${key}"]`);
      if (shown) write(shown, String(count));
    }
    showNotices(fresh.notices);
    if (changes.length > SPOKEN_AT_ONCE) announce(words.many.replace("{count}", changes.length));
    else if (changes.length) announce(changes.join(". "));
  }

  function showNotices(texts) {
    const shown = [...notices.children].map((each) => each.textContent);
    if (shown.join("\n") === texts.join("\n")) return;
    notices.replaceChildren(...texts.map((text) => {
      const notice = document.createElement("p");
      notice.className = "notice warning";
      notice.textContent = text;
      return notice;
    }));
  }

  /* What stands on another page of the wall is asked for when its page comes. */
  const shownIds = () => [...cards.values()].filter((card) => card.element.isConnected).map((card) => card.element.dataset.camera);

  async function ask() {
    clearTimeout(timer);
    asking?.abort();
    if (document.hidden) return;
    const mine = asking = new AbortController();
    const late = setTimeout(() => mine.abort(), ANSWER_MS);
    try {
      const asked = shownIds(), url = `${wall.dataset.statesUrl}?ids=${asked.join(",")}`;
      const headers = { Accept: "application/json", ...(etag && { "If-None-Match": etag }) };
      const answer = await fetch(url, { headers, cache: "no-store", signal: mine.signal });
      if (connection.isOver(answer.status)) { stopPictures(); return; }
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(`answer ${answer.status}`);
        const fresh = await answer.json();
        etag = answer.headers.get("ETag");
        if (mine === asking) take(fresh, asked);
      }
      connection.answered();
    } catch {
      if (mine !== asking) return;
      connection.failed();
    } finally {
      clearTimeout(late);
    }
    if (mine === asking) timer = setTimeout(ask, Math.min(POLL_MS * (1 + connection.failures), SLOWEST_POLL_MS));
  }

  function stopPictures() {
    for (const card of cards.values()) card.picture.want(false, connection.element.textContent);
  }

  function showPaused() {
    for (const button of pauses) button.setAttribute("aria-pressed", String(paused));
    for (const card of cards.values()) card.refreshPicture();
  }

  function turnPause() {
    paused = !paused;
    remember(paused);
    showPaused();
  }

  const inSight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const card = cards.get(entry.target.dataset.camera);
      if (!card) continue;
      card.inView = entry.isIntersecting;
      card.refreshPicture();
    }
  }, { rootMargin: "100px" });

  function addCard(element) {
    const card = new Card(element);
    cards.set(element.dataset.camera, card);
    inSight.observe(element);
    return card;
  }

  function dropCard(id) {
    const card = cards.get(id);
    if (!card) return;
    inSight.unobserve(card.element);
    card.picture.want(false, "");
    cards.delete(id);
    card.element.remove();
  }

  for (const element of wall.querySelectorAll("[data-camera]")) addCard(element);
  for (const button of pauses) {
    button.hidden = false;
    button.addEventListener("click", turnPause);
  }
  document.addEventListener("visibilitychange", () => {
    for (const card of cards.values()) card.refreshPicture();
    if (!document.hidden) ask();
  });
  window.addEventListener("online", () => ask());
  window.addEventListener("pagehide", () => { for (const card of cards.values()) card.picture.want(false, ""); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) showPaused(); });
  showPaused();
  timer = setTimeout(ask, POLL_MS);
  window.wall = { element: wall, words, cards, addCard, dropCard, announce, write, turnPause, ask: () => { etag = null; ask(); } };
})();
