/* Tests the connection to the camera that the form describes. */
"use strict";

(() => {
  const SECONDS = 75;
  const form = document.querySelector("[data-camera-form]"), panel = document.querySelector("[data-test]");
  const button = form.querySelector("[data-test-button]"), said = panel.querySelector("[data-said]");
  const picture = panel.querySelector("[data-picture]"), facts = panel.querySelector("[data-facts]");
  const words = panel.dataset;

  function say(text, kind) {
    said.textContent = text;
    said.className = kind;
  }

  function show(result) {
    say(result.ok ? words.wordGood : result.problem, result.ok ? "notice success" : "notice error");
    picture.hidden = facts.hidden = !result.ok;
    if (!result.ok) return;
    const image = new Image();
    image.src = result.picture;
    image.alt = words.wordPicture;
    picture.replaceChildren(image);
    for (const fact of facts.querySelectorAll("[data-fact]")) fact.textContent = result[fact.dataset.fact];
  }

  async function test() {
    button.disabled = true;
    picture.hidden = facts.hidden = true;
    say(words.wordBusy, "busy");
    try {
      const ordered = await window.Waiting.send(words.url, new FormData(form));
      if (ordered.status !== 202) { say(ordered.content.detail || words.wordLost, "notice error"); return; }
      const result = await window.Waiting.wait(`${words.url}/${ordered.content.id}`, SECONDS);
      if (result) show(result);
      else say(words.wordLate, "notice error");
    } catch {
      say(words.wordLost, "notice error");
    } finally {
      button.disabled = false;
    }
  }

  button.hidden = false;
  button.addEventListener("click", test);
})();
