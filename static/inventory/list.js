/* The list of cameras: fresh states every five seconds, recording switched without a reload, rows chosen together. */
"use strict";

(() => {
  const POLL_MS = 5000;
  const ANSWER_MS = 8000;
  const list = document.querySelector("[data-list]");
  const announcer = list.querySelector("[data-announce]");
  const rows = new Map([...list.querySelectorAll("tr[data-camera]")].map((row) => [row.dataset.camera, row]));
  let etag = null;

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function announce(text) {
    announcer.textContent = "";
    requestAnimationFrame(() => { announcer.textContent = text; });
  }

  function update(row, fresh) {
    row.dataset.state = fresh.state;
    write(row.querySelector("[data-state-text]"), fresh.state_text);
    write(row.querySelector("[data-why]"), fresh.problem);
    write(row.querySelector("[data-recording-text]"), fresh.recording_text);
    const button = row.querySelector(".switch");
    if (!button || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-checked", String(fresh.recording));
    button.value = fresh.recording ? "0" : "1";
  }

  async function switchRecording(event) {
    event.preventDefault();
    const form = event.target, button = form.querySelector(".switch"), row = form.closest("tr");
    const text = form.querySelector("[data-recording-text]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    body.set("on", button.value);
    let fresh = null;
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.ok) fresh = await answer.json();
      else if (answer.status === 409) write(text, (await answer.json()).detail);
      else write(text, answer.status === 403 ? list.dataset.wordForbidden : answer.status === 401 ? list.dataset.wordSignedOut : list.dataset.wordRefused);
    } catch {
      write(text, list.dataset.wordRefused);
    }
    button.removeAttribute("aria-busy");
    etag = null;
    if (fresh) update(row, fresh);
    announce(`${row.querySelector("th a").textContent}: ${text.textContent}`);
  }

  async function poll() {
    if (!document.hidden && rows.size) {
      try {
        const headers = { Accept: "application/json", ...(etag && { "If-None-Match": etag }) };
        const answer = await fetch(`${list.dataset.statesUrl}?ids=${[...rows.keys()].join(",")}`, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
        if (answer.status === 401 || answer.status === 403) { announce(list.dataset.wordSignedOut); return; }
        if (answer.status === 200) {
          const fresh = await answer.json();
          if (fresh.city !== list.dataset.city) { location.reload(); return; }
          etag = answer.headers.get("ETag");
          for (const [id, state] of Object.entries(fresh.cameras)) if (rows.has(id)) update(rows.get(id), state);
        }
      } catch { /* the next round asks again */ }
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

  for (const form of list.querySelectorAll(".one-switch")) form.addEventListener("submit", switchRecording);
  watchChoice();
  setTimeout(poll, POLL_MS);
})();
