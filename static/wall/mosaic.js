/* Keeping the wall as a mosaic of the city: saved, renamed, saved anew, removed. */
"use strict";

(() => {
  const ANSWER_MS = 8000;
  const { element: wall, words, announce, grid } = window.wall;
  const dialog = wall.querySelector("[data-save-dialog]");
  const saveButton = wall.querySelector("[data-save]");
  if (!dialog || !saveButton) return;
  const form = dialog.querySelector("form");
  const removal = wall.querySelector("[data-remove-dialog]");
  let revision = Number(wall.dataset.revision ?? 0);

  function arrangement() {
    return {
      name: form.elements.name.value.trim(),
      rows: grid.rows,
      columns: grid.columns,
      rotation_seconds: Number(wall.querySelector("[data-rotation]").value),
      tiles: [...grid.places].map(([position, camera_id]) => ({ position, camera_id })),
    };
  }

  /* Gives the answer's status and its body; status 0 where there was none. */
  async function send(method, address, body) {
    const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": window.readToken() };
    try {
      const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS) });
      return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
    } catch { return { status: 0, body: null }; }
  }

  function explain({ status, body }, wanted) {
    const fields = (body?.errors ?? []).map((error) => error.field);
    if (status === 409 && fields.includes("name")) return words.nameTaken;
    if (status === 409) return words.conflict;
    if (status === 404) return words.gone;
    if (status === 403) return words.forbidden;
    if (status === 401) return words.signedOut;
    if (status === 400 && fields.includes("tiles")) return wanted.tiles.length ? words.unknownCamera : words.emptyWall;
    return words.notSaved;
  }

  function complain(text, where = dialog) {
    const notice = where.querySelector("[role=alert]");
    notice.textContent = text;
    notice.hidden = !text;
  }

  async function save(isNew) {
    const wanted = arrangement();
    if (!wanted.name) { complain(words.noName); return; }
    const own = `${wall.dataset.mosaicsUrl}/${wall.dataset.mosaic}`;
    const answer = isNew ? await send("POST", wall.dataset.mosaicsUrl, wanted) : await send("PUT", own, { ...wanted, revision });
    if (answer.status !== 200 && answer.status !== 201) { complain(explain(answer, wanted)); return; }
    if (isNew) { location.assign(`/?mosaic=${answer.body.id}`); return; }
    revision = answer.body.revision;
    show(answer.body);
    dialog.close();
    announce(words.saved);
  }

  function show(mosaic) {
    grid.isChanged = false;
    wall.querySelector("h1").textContent = mosaic.name;
    const address = new URL(location.href);
    address.search = `?mosaic=${mosaic.id}`;
    history.replaceState(null, "", address);
    const link = wall.querySelector(`.mosaics a[aria-current] span`);
    if (link) link.textContent = mosaic.name;
    showChanged();
  }

  async function remove() {
    const answer = await send("DELETE", `${wall.dataset.mosaicsUrl}/${wall.dataset.mosaic}`);
    if (answer.status === 204 || answer.status === 404) location.assign("/");
    else complain(explain(answer), removal);
  }

  function open() {
    complain("");
    dialog.showModal();
    form.elements.name.focus();
    form.elements.name.select();
  }

  function showChanged() {
    const isOurs = Boolean(wall.dataset.mosaic) && grid.isChanged;
    saveButton.textContent = isOurs ? words.unsaved : words.save;
    saveButton.classList.toggle("primary", grid.isChanged);
  }

  saveButton.addEventListener("click", open);
  form.addEventListener("submit", (event) => { event.preventDefault(); save(!wall.dataset.mosaic); });
  dialog.querySelector("[data-save-new]")?.addEventListener("click", () => save(true));
  dialog.querySelector("[data-remove]")?.addEventListener("click", () => { dialog.close(); complain("", removal); removal.showModal(); });
  removal?.querySelector("[data-remove-now]").addEventListener("click", remove);
  for (const box of [dialog, removal]) box?.querySelector("[data-close]").addEventListener("click", () => box.close());
  wall.addEventListener("wall:changed", showChanged);
  document.addEventListener("keydown", (event) => {
    if ((event.key !== "s" && event.key !== "S") || !window.wall.isForTheWall(event)) return;
    event.preventDefault();
    open();
  });
})();
