/* The list of cameras: fresh states every five seconds, recording switched without a reload, rows chosen together. */
"use strict";

(() => {
  const POLL_MS = 5000;
  const ANSWER_MS = 8000;

  class Row {
    constructor(element) {
      this.element = element;
      this.recording = new window.RecordingSwitch(element, { refused, forbidden, signedOut }, (fresh) => this.hearSwitched(fresh));
    }

    update(fresh) {
      this.element.dataset.state = fresh.state;
      write(this.element.querySelector("[data-state-text]"), fresh.state_text);
      write(this.element.querySelector("[data-why]"), fresh.problem);
      this.recording.show(fresh);
    }

    hearSwitched(fresh) {
      etag = null;
      if (fresh) this.update(fresh);
      announce(`${this.element.querySelector("th a").textContent}: ${this.recording.text.textContent}`);
    }

    showRemoved() {
      this.element.dataset.state = "removed";
      write(this.element.querySelector("[data-state-text]"), list.dataset.wordRemoved);
      write(this.element.querySelector("[data-why]"), "");
      this.recording.text.closest(".one-switch")?.setAttribute("hidden", "");
    }
  }

  const list = document.querySelector("[data-list]");
  const announcer = list.querySelector("[data-announce]");
  const { wordRefused: refused, wordForbidden: forbidden, wordSignedOut: signedOut, wordOver: over, wordLost: lost } = list.dataset;
  const connection = new window.Connection(list.querySelector("[data-connection]"), { lost, signedOut, over }, list.dataset.zone);
  const rows = new Map([...list.querySelectorAll("tr[data-camera]")].map((row) => [row.dataset.camera, new Row(row)]));
  let etag = null;

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function announce(text) {
    announcer.textContent = "";
    requestAnimationFrame(() => { announcer.textContent = text; });
  }

  async function poll() {
    if (!document.hidden && rows.size) {
      try {
        const headers = { Accept: "application/json", ...(etag && { "If-None-Match": etag }) };
        const answer = await fetch(`${list.dataset.statesUrl}?ids=${[...rows.keys()].join(",")}`, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
        if (connection.isOver(answer.status)) return;
        if (answer.status !== 304) {
          if (!answer.ok) throw new Error(`answer ${answer.status}`);
          const fresh = await answer.json();
          if (fresh.city !== list.dataset.city) { location.reload(); return; }
          etag = answer.headers.get("ETag");
          for (const [key, count] of Object.entries(fresh.counts)) write(list.querySelector(`[data-count="${key}"]`), String(count));
          for (const [id, row] of rows) if (id in fresh.cameras) row.update(fresh.cameras[id]); else row.showRemoved();
        }
        connection.answered();
      } catch {
        connection.failed();
      }
    }
    setTimeout(poll, POLL_MS);
  }

  function watchChoice() {
    const form = list.querySelector("#chosen");
    if (!form) return;
    const here = form.querySelector("[data-all-here]"), all = form.querySelector("[name=all]");
    const ticks = [...list.querySelectorAll("input[name=camera]")], told = form.querySelector("[data-chosen]");
    const show = () => {
      const count = ticks.filter((tick) => tick.checked).length;
      here.checked = count === ticks.length;
      here.indeterminate = count > 0 && count < ticks.length;
      told.textContent = !all?.checked && count ? list.dataset.wordChosen.replace("{count}", count) : "";
    };
    here.addEventListener("change", () => { for (const tick of ticks) tick.checked = here.checked; show(); });
    for (const tick of [...ticks, ...(all ? [all] : [])]) tick.addEventListener("change", show);
    show();
  }

  watchChoice();
  setTimeout(poll, POLL_MS);
})();
