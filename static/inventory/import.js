/* Reads a chosen file into the field: it is sent as text with the form, and no file is ever uploaded. */
"use strict";

(() => {
  const place = document.querySelector("[data-file]"), table = document.querySelector("#table");
  place.hidden = false;
  place.querySelector("input").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const bytes = await file.arrayBuffer();
    try {
      table.value = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      table.value = new TextDecoder("windows-1252").decode(bytes);  // what spreadsheets on Windows still write
    }
    table.focus();
  });
})();
